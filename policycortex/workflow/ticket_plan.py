"""What changes at an organisation's tickets in one tracker, from the weaknesses as they are now. Pure.

A ticket belongs to the number of a weakness. It is closed when a scan closed the weakness, and reopened only where a
file that came later shows that the weakness with this number was not closed; one that fails again is a new weakness
with a ticket of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from policycortex.channels.connections import TicketRule
from policycortex.channels.tracker import TicketText
from policycortex.documents.poam import Deviation, ItemStatus, PoamItem
from policycortex.names import Severity, TicketStepKind
from policycortex.reports.poam_items import read_number
from policycortex.scoring.waivers import Waiver
from policycortex.storage.registry.ticket_rows import NewStep, NewTicket, TicketChange, TicketRow

RESOURCES_NAMED: Final = 20
_ORDER: Final = tuple(Severity)
_MUTED: Final = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketInputs:
    """What a planning starts from."""

    items: Sequence[PoamItem]
    """One for each weakness, open or closed."""
    known: Mapping[int, TicketRow]
    """The tickets in the tracker, by number."""
    waivers: Mapping[str, Waiver]
    marker_of: Callable[[PoamItem], str]


def plan_tickets(inputs: TicketInputs, rule: TicketRule) -> tuple[TicketChange, ...]:
    """The changes of existing tickets, then up to ``rule.most_new`` new ones, the worst weaknesses first."""
    numbered = [(number, item) for item in inputs.items if (number := read_number(item.weakness)) is not None]
    changed = [
        change
        for number, item in numbered
        for change in (*_change(number, item, inputs), *_merged(item, inputs))
        if change.number in inputs.known
    ]
    missing = [(number, item) for number, item in numbered if number not in inputs.known and _has_ticket(item, rule)]
    worst_first = sorted(missing, key=lambda each: (_ORDER.index(Severity(each[1].severity)), each[1].due_on, each[0]))
    return (*changed, *(_new(number, item, inputs) for number, item in worst_first[: rule.most_new]))


def _has_ticket(item: PoamItem, rule: TicketRule) -> bool:
    """Whether a weakness without a ticket gets one: a recent scan saw it fail, and not all is accepted or muted."""
    return (
        item.status is ItemStatus.OPEN
        and item.failing is not None
        and not item.is_muted
        and item.deviation is not Deviation.OPERATIONAL_REQUIREMENT
        and _ORDER.index(Severity(item.severity)) <= _ORDER.index(rule.min_severity)
        and (not rule.accounts or item.account_id in rule.accounts)
    )


def _new(number: int, item: PoamItem, inputs: TicketInputs) -> TicketChange:
    text = _text(item, _former(item, inputs.known))
    waived = _waived(item, "")
    steps = [NewStep(kind=TicketStepKind.CREATE, content=asdict(text))]
    if waived:
        steps.append(_comment(*_waiver_lines(item, inputs.waivers)))
    return TicketChange(
        number=number,
        new=NewTicket(number=number, marker=inputs.marker_of(item), severity=Severity(item.severity), title=text.title),
        is_wanted_open=True,
        waived=waived,
        steps=tuple(steps),
    )


def _change(number: int, item: PoamItem, inputs: TicketInputs) -> Iterator[TicketChange]:
    """What the state of the weakness changes at its ticket; nothing where both agree."""
    row = inputs.known.get(number)
    if row is None:
        return
    is_open, steps = item.status is ItemStatus.OPEN, list[NewStep]()
    waived = _waived(item, row.waived) if is_open else ""
    if is_open and not row.is_wanted_open:
        steps += _reopening(item)
    if is_open and waived != row.waived:
        steps.append(_comment(*_waiver_lines(item, inputs.waivers)))
    if not is_open and row.is_wanted_open:
        steps += _closing(f"A scan of {item.closed_on} looked and found nothing that fails: {item.weakness} is closed.")
    if steps:
        yield TicketChange(number=number, new=None, is_wanted_open=is_open, waived=waived, steps=tuple(steps))


def _merged(item: PoamItem, inputs: TicketInputs) -> Iterator[TicketChange]:
    """Tickets of numbers that turned out to be the same weakness; the smallest number keeps its ticket."""
    for name in item.merged:
        row = inputs.known.get(read_number(name) or 0)
        if row is not None and row.is_wanted_open:
            text = f"Findings that were imported later show that {name} and {item.weakness} are one weakness."
            follow = f"It goes on under {item.weakness}{_place_of(item.weakness, inputs.known)}."
            yield TicketChange(
                number=row.number, new=None, is_wanted_open=False, waived="", steps=(*_closing(text, follow),)
            )


def _reopening(item: PoamItem) -> tuple[NewStep, NewStep]:
    text = f"Findings that were imported later show that {item.weakness} still fails."
    return _comment(text), NewStep(kind=TicketStepKind.REOPEN, content={})


def _closing(*paragraphs: str) -> tuple[NewStep, NewStep]:
    return _comment(*paragraphs), NewStep(kind=TicketStepKind.CLOSE, content={})


def _comment(*paragraphs: str) -> NewStep:
    return NewStep(kind=TicketStepKind.COMMENT, content={"paragraphs": list(paragraphs)})


def _waived(item: PoamItem, before: str) -> str:
    """Which waivers accept how much of it, as text to compare; as before where no recent scan tells."""
    if item.failing is None:
        return before
    if item.is_muted:
        return _MUTED
    return "" if item.deviation is None else f"{item.deviation.value}:{','.join(sorted(item.waivers))}"


def _waiver_lines(item: PoamItem, waivers: Mapping[str, Waiver]) -> Iterator[str]:
    if item.is_muted:
        yield "The scanner mutes all that fails. The ticket stays open: it still fails."
        return
    if item.deviation is None:
        yield "No waiver accepts what fails any more, and the scanner does not mute it."
        return
    yield f"Waivers accept {item.waived} of {item.failing} failing findings. The ticket stays open: it still fails."
    for waiver_id in item.waivers:
        waiver = waivers[waiver_id]
        framework = f" for {waiver.scope.framework}" if waiver.scope.framework else ""
        yield f"{waiver_id}{framework} until {waiver.valid_until.date()}: {waiver.reason}"


def _text(item: PoamItem, former: str) -> TicketText:
    many = (item.resource_count or 0) - RESOURCES_NAMED
    more = f" and {many} more" if many > 0 else ""
    paragraphs = (
        item.description,
        item.risk,
        item.remediation,
        item.remediation_url,
        "The ticket is closed by a scan of the check that finds nothing that fails.",
    )
    facts = (
        ("Weakness", item.weakness),
        ("Severity", item.severity),
        ("Check", f"{item.check_id} ({item.source})"),
        ("Account", f"{item.account_id} ({item.provider})"),
        ("Service", item.service),
        ("Fails since", item.opened_on.isoformat()),
        ("Due", item.due_on.isoformat()),
        ("Failing findings", str(item.failing)),
        ("Resources", ", ".join(item.resources[:RESOURCES_NAMED]) + more),
        ("Owners", ", ".join(item.owners)),
        ("Failed before as", former),
    )
    return TicketText(
        title=f"[{item.weakness}] {item.title} ({item.provider} {item.account_id})",
        paragraphs=tuple(text for text in paragraphs if text),
        facts=facts,
    )


def _former(item: PoamItem, known: Mapping[int, TicketRow]) -> str:
    return "" if item.previous is None else f"{item.previous}{_place_of(item.previous, known)}"


def _place_of(name: str, known: Mapping[int, TicketRow]) -> str:
    """The tracker's name of the ticket with this number, in brackets; empty where there is none."""
    row = known.get(read_number(name) or 0)
    return f" ({row.name})" if row is not None and row.name else ""
