"""Core values as JSON forms of ``/v1/tickets``."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from api.v1.tickets.schemas import TicketAnswer, TicketState, TicketStepAnswer
from policycortex.names import TicketStepStatus
from policycortex.reports.poam_items import write_number
from policycortex.storage.registry.ticket_rows import StepRow, TicketRow


def present_ticket(row: TicketRow, steps: Iterable[StepRow] | None = None) -> TicketAnswer:
    """A ticket; ``steps`` in its own details."""
    values: dict[str, Any] = asdict(row) | {
        "weakness": write_number(row.number),
        "state": TicketState.OPEN if row.is_wanted_open else TicketState.CLOSED,
        "steps": None if steps is None else [_present_step(step) for step in steps],
    }
    return TicketAnswer.model_validate(values)


def _present_step(row: StepRow) -> TicketStepAnswer:
    values: dict[str, Any] = asdict(row) | {"paragraphs": []}
    if "title" not in row.content:
        values["paragraphs"] = row.content.get("paragraphs", [])
    if row.status is not TicketStepStatus.PENDING:
        values["next_attempt_at"] = None
    return TicketStepAnswer.model_validate(values)
