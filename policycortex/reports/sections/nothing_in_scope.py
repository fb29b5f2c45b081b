"""What was looked for and what there is, in a report for which nothing is in scope: the only section it then has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.scope_values import FilterValues
from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table

_REQUESTED_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRow:
    """One filter of the scope, in words."""

    filter: str
    requested: str
    unknown: str
    """Empty where the period has all that was requested for."""
    known: str


def _rows(inputs: SectionInputs) -> tuple[ScopeRow, ...]:
    found = inputs.evidence.nothing_in_scope
    return tuple(_row(each, inputs.locale) for each in found.filters) if found else ()


def _row(each: FilterValues, locale: Locale) -> ScopeRow:
    name, _, key = each.field.partition(".")
    title = locale.text(f"nothing_in_scope.filter.{'tag' if key else name}", **({"key": key} if key else {}))
    return ScopeRow(
        filter=title,
        requested=_listed(each.requested, len(each.requested), locale),
        unknown=_listed(each.unknown, len(each.unknown), locale),
        known=_listed(each.known, each.known_total, locale, shown=len(each.known)),
    )


def _listed(values: tuple[str, ...], total: int, locale: Locale, shown: int = _REQUESTED_SHOWN) -> str:
    more = total - min(shown, len(values))
    named = ", ".join(values[:shown])
    return f"{named} {locale.text('nothing_in_scope.more', count=locale.number(more))}" if more else named


def _sentences(inputs: SectionInputs) -> tuple[str, ...]:
    return tuple(_write(inputs))


def _write(inputs: SectionInputs) -> Iterator[str]:
    found, locale = inputs.evidence.nothing_in_scope, inputs.locale
    if found is None:
        return
    yield locale.text("nothing_in_scope.lead", period=locale.days(inputs.header.period))
    if not found.has_scans:
        last = found.last_scan_on
        yield (
            locale.text("nothing_in_scope.no_scan", day=locale.day(last))
            if last is not None
            else locale.text("nothing_in_scope.no_scan_ever")
        )
    elif not any(each.unknown for each in found.filters):
        yield locale.text("nothing_in_scope.combination")
    yield locale.text("nothing_in_scope.remedy")


NOTHING_IN_SCOPE: Final = Content(
    id="nothing_in_scope",
    compute=lambda inputs: inputs.evidence.nothing_in_scope,
    json=JsonKey(name="nothing_in_scope", position=66, skip_none=True),
)

SENTENCES: Final = Content(id="nothing_in_scope_sentences", compute=_sentences)

SCOPE_ROWS: Final = Table(
    id="scope_values",
    compute=_rows,
    columns=(
        Column(name="filter", title="nothing_in_scope.filter_title", width=22, share=16),
        Column(name="requested", title="nothing_in_scope.requested", width=40, kind=Kind.WRAPPED, share=24),
        Column(name="unknown", title="nothing_in_scope.unknown", width=40, kind=Kind.WRAPPED, share=20),
        Column(name="known", title="nothing_in_scope.known", width=80, kind=Kind.WRAPPED, share=40),
    ),
    page_rows=40,
    sheet=SheetPlace(name="sheet.scope_values", with_section=False, always=5),
)

SECTION: Final = Section(
    id="nothing_in_scope",
    positions=dict.fromkeys(ReportType, 5),
    is_shown=lambda document: document.section_values.get(NOTHING_IN_SCOPE.id) is not None,
    is_alone=True,
    contents=(NOTHING_IN_SCOPE, SENTENCES),
    tables=(SCOPE_ROWS,),
)
