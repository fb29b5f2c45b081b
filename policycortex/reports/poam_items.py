"""Makes the items of a plan of action: each weakness with each requirement of the report's framework that it fails."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from policycortex.documents.milestones import StatedMilestone
from policycortex.documents.poam import Deviation, ItemStatus, Milestone, PoamEvidence, PoamItem
from policycortex.names import Severity
from policycortex.reports.poam_milestones import stated_steps
from policycortex.scoring.poam import NumberedWeakness, WeaknessKey
from policycortex.scoring.waivers import Waiver, WaiverKind

OWNERS_NAMED: Final = 3
_TEXTS: Final = ("title", "description", "risk", "remediation", "remediation_url", "service")
_NO_TEXTS: Final[Mapping[str, str]] = dict.fromkeys(_TEXTS, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDates:
    """The days that decide what is overdue."""

    as_of: datetime
    """Until when scans were read."""
    today: date
    """The day to which ages are counted."""
    sla_days: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is known of each weakness, by its key."""

    texts: Mapping[WeaknessKey, Mapping[str, str]]
    requirements: Mapping[WeaknessKey, frozenset[str]]
    failing: Mapping[tuple[WeaknessKey, str], Mapping[str, Any]]
    owners: Mapping[WeaknessKey, tuple[str, ...]]
    waivers: Mapping[str, Waiver]
    milestones: Mapping[int, Sequence[StatedMilestone]]
    """By the number of the weakness."""


def write_number(number: int | None) -> str:
    """``POAM-00012``; ``POAM-new`` where none was given yet."""
    return "POAM-new" if number is None else f"POAM-{number:05d}"


def write_item(number: int | None, requirement: str | None) -> str:
    """``POAM-00012/CC6.1``; the number alone without a requirement."""
    name = write_number(number)
    return name if requirement is None else f"{name}/{requirement}"


def read_number(name: str) -> int | None:
    """The number that ``write_number`` wrote."""
    digits = name.removeprefix("POAM-")
    return int(digits) if digits.isdigit() else None


def plan_items(evidence: PoamEvidence, titles: Mapping[str, str], dates: PlanDates) -> tuple[PoamItem, ...]:
    """The items: open ones first, by due date; then closed ones, the newest first.

    ``titles``: title by requirement, in the framework's order. Weaknesses related to none of them are left out; without
    a framework there is an item for each weakness.
    """
    facts = _facts_of(evidence)
    order = {requirement: place for place, requirement in enumerate(titles)}
    items = [
        _item(numbered, requirement, titles, facts, dates)
        for numbered in evidence.weaknesses
        for requirement in _requirements_of(numbered, facts, order, is_related=evidence.relations is not None)
    ]
    return tuple(sorted(items, key=lambda item: _place(item, order)))


def _place(item: PoamItem, order: Mapping[str, int]) -> tuple[object, ...]:
    day = item.due_on.toordinal() if item.closed_on is None else -item.closed_on.toordinal()
    return item.closed_on is not None, day, item.weakness, order.get(item.requirement or "", 0), item.number


def _requirements_of(
    numbered: NumberedWeakness, facts: _Facts, order: Mapping[str, int], *, is_related: bool
) -> Iterator[str | None]:
    if not is_related:
        yield None
        return
    related = facts.requirements.get(numbered.weakness.key, frozenset())
    yield from sorted((one for one in related if one in order), key=lambda one: order[one])


def _item(
    numbered: NumberedWeakness, requirement: str | None, titles: Mapping[str, str], facts: _Facts, dates: PlanDates
) -> PoamItem:
    weakness = numbered.weakness
    key, name = weakness.key, write_number(numbered.number)
    texts = facts.texts.get(key, _NO_TEXTS)
    found = facts.failing.get((key, requirement or "")) if weakness.closed is None else None
    waivers = tuple(found["waiver_ids"]) if found else ()
    accepting = [facts.waivers[one] for one in waivers if one in facts.waivers]
    kinds = tuple(kind for kind in WaiverKind if any(each.kind is kind for each in accepting))
    due_on = weakness.due_on(dates.sla_days)
    closed_on = weakness.closed.seen_at.date() if weakness.closed else None
    return PoamItem(
        number=write_item(numbered.number, requirement),
        weakness=name,
        requirement=requirement,
        requirement_title=titles.get(requirement or "", ""),
        status=ItemStatus.OPEN if closed_on is None else ItemStatus.CLOSED,
        severity=weakness.severity,
        check_id=key.check_id,
        title=texts["title"] or key.check_id,
        description=texts["description"],
        risk=texts["risk"],
        provider=key.provider,
        account_id=key.account_id,
        service=texts["service"],
        source=key.source,
        opened_on=weakness.opened.seen_at.date(),
        due_on=due_on,
        is_overdue=closed_on is None and due_on < dates.today,
        closed_on=closed_on,
        previous=write_number(numbered.previous) if numbered.has_previous else None,
        merged=tuple(write_number(number) for number in numbered.merged),
        deviation=_deviation(found, kinds),
        deviation_kinds=kinds,
        adjusted_severity=_adjusted(accepting),
        waivers=waivers,
        rationale=tuple(dict.fromkeys(each.reason for each in accepting)),
        is_muted=weakness.is_muted,
        failing=found["failing"] if found else None,
        waived=found["waived"] if found else None,
        resource_count=found["resource_count"] if found else None,
        resources=tuple(found["resources"]) if found else (),
        owners=facts.owners.get(key, ())[:OWNERS_NAMED],
        remediation=texts["remediation"],
        remediation_url=texts["remediation_url"],
        milestones=(*_milestones(due_on, closed_on), *stated_steps(_stated_of(numbered, requirement, facts))),
        as_of=dates.as_of,
    )


def _milestones(due_on: date, closed_on: date | None) -> tuple[Milestone, ...]:
    """Two steps: people correct it by the due day, and a scan confirms it."""
    return (
        Milestone(title="Correct what fails", due_on=due_on, done_on=closed_on),
        Milestone(title="A scan of the check finds nothing that fails", due_on=None, done_on=closed_on),
    )


def _stated_of(numbered: NumberedWeakness, requirement: str | None, facts: _Facts) -> list[StatedMilestone]:
    """Those of the item, and of its weakness under any of its numbers."""
    numbers = [number for number in (numbered.number, *numbered.merged) if number is not None]
    stated = (each for number in numbers for each in facts.milestones.get(number, ()))
    return [each for each in stated if each.requirement is None or each.requirement == requirement]


def _deviation(found: Mapping[str, Any] | None, kinds: Sequence[WaiverKind]) -> Deviation | None:
    """How the waivers in force accept what fails."""
    if not found or not found["waived"] or not kinds:
        return None
    name = kinds[0].value if len(kinds) == 1 else Deviation.SEVERAL.value
    return Deviation(name if found["waived"] == found["failing"] else f"{name}_in_part")


def _adjusted(accepting: Sequence[Waiver]) -> str | None:
    stated = {each.adjusted_severity for each in accepting if each.adjusted_severity is not None}
    return next((severity.value for severity in Severity if severity in stated), None)


def _facts_of(evidence: PoamEvidence) -> _Facts:
    known = evidence.known.sort("observed_at", "mapping_id")
    texts = {_key(row): {name: row[name] or "" for name in _TEXTS} for row in known.iter_rows(named=True)}
    return _Facts(
        texts=texts,
        requirements=_related(known, evidence.relations),
        failing={(_key(row), row["requirement_id"]): row for row in evidence.failing.iter_rows(named=True)},
        owners=_owners(evidence.owners),
        waivers=evidence.waivers,
        milestones=_by_number(evidence.milestones),
    )


def _by_number(stated: Sequence[StatedMilestone]) -> dict[int, list[StatedMilestone]]:
    found: dict[int, list[StatedMilestone]] = {}
    for each in stated:
        found.setdefault(each.number, []).append(each)
    return found


def _related(known: pl.DataFrame, relations: pl.DataFrame | None) -> dict[WeaknessKey, frozenset[str]]:
    if relations is None:
        return {}
    pairs = known.join(relations, on=["provider", "check_id", "mapping_id"])
    found: dict[WeaknessKey, set[str]] = {}
    for row in pairs.iter_rows(named=True):
        found.setdefault(_key(row), set()).add(row["requirement_id"])
    return {key: frozenset(requirements) for key, requirements in found.items()}


def _owners(owners: pl.DataFrame) -> dict[WeaknessKey, tuple[str, ...]]:
    found: dict[WeaknessKey, list[str]] = {}
    for row in owners.iter_rows(named=True):
        found.setdefault(_key(row), []).append(row["owner"])
    return {key: tuple(names) for key, names in found.items()}


def _key(row: Mapping[str, Any]) -> WeaknessKey:
    return WeaknessKey(row["source"], row["provider"], row["account_id"], row["check_id"])


def open_items(items: Sequence[PoamItem]) -> tuple[PoamItem, ...]:
    """Those that are open."""
    return tuple(item for item in items if item.status is ItemStatus.OPEN)


def closed_items(items: Sequence[PoamItem]) -> tuple[PoamItem, ...]:
    """Those that a scan has closed."""
    return tuple(item for item in items if item.status is ItemStatus.CLOSED)
