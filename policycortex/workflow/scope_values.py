"""Why nothing is in the scope of a report: what was requested for, and the values that the period's findings have."""

from collections.abc import Callable, Collection, Iterator
from datetime import date
from typing import Final

import polars as pl

from policycortex.documents.scope_values import VALUES_SHOWN, FilterValues, NothingInScope
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.lake import Lake

_LISTS: Final = ("environments", "cloud_providers", "accounts", "services", "regions")


def find_nothing(lake: Lake, scope: Scope, period: Period) -> NothingInScope | None:
    """Why no finding of the period counts for ``scope``; None where one does."""
    if scope.is_filtered:
        is_empty = lake.period_end.load_tallies(scope, period).is_empty()
    else:
        is_empty = not lake.period_end.load_tallied_dates(scope.organization, period)
    return explain_nothing(lake, scope, period) if is_empty else None


def explain_nothing(lake: Lake, scope: Scope, period: Period) -> NothingInScope:
    """What ``scope``, for which no finding counts, asks for and what there is instead."""
    values = lake.period_end.load_scope_values(scope, period)
    until_end = Period.of_days(date(1970, 1, 1), period.last_utc_date)
    scanned = lake.period_end.load_tallied_dates(scope.organization, until_end)
    return NothingInScope(
        filters=tuple(_filters(scope, values)),
        last_scan_on=scanned[-1] if scanned else None,
        has_scans=bool(scanned) and scanned[-1] >= period.first_utc_date,
    )


def _filters(scope: Scope, values: pl.DataFrame) -> Iterator[FilterValues]:
    by_field = {field: rows["label"].to_list() for (field,), rows in values.partition_by("field", as_dict=True).items()}
    for field in _LISTS:
        if requested := getattr(scope, field):
            yield _filter(field, requested, by_field.get(field, ()), str if field == "accounts" else str.lower)
    for tag in scope.tags:
        key = f"tags.{tag.key}"
        if key in by_field:
            yield _filter(key, tag.values, by_field[key], str)
        else:
            yield _filter("tags", (tag.key,), by_field.get("tags", ()), str)
    if scope.owners:
        yield _filter("owners", scope.owners, by_field.get("owners", ()), str.lower)


def _filter(field: str, requested: tuple[str, ...], known: Collection[str], fold: Callable[[str], str]) -> FilterValues:
    folded = {fold(value) for value in known}
    return FilterValues(
        field=field,
        requested=requested,
        unknown=tuple(value for value in requested if fold(value) not in folded),
        known=tuple(known)[:VALUES_SHOWN],
        known_total=len(known),
    )
