"""Items of a plan of action for sample documents: one for each failing check, account and requirement."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl

from policycortex.documents.milestones import MilestoneChange
from policycortex.documents.poam import Deviation, ItemStatus, Milestone, MilestoneStatement, PoamItem
from policycortex.names import ReportType, Severity
from policycortex.scoring.ages import SLA_DAYS
from tests.support.samples.findings_table import HOSTILE, PERIOD, Sample

_CLOSED_EVERY = 3
"""Each third item is closed."""


def items_of_plan(frame: pl.DataFrame, sample: Sample) -> tuple[PoamItem, ...] | None:
    """None for other report types."""
    if sample.type is not ReportType.POAM:
        return None
    failing = frame.filter((pl.col("status") == "FAIL") & ~pl.col("muted")).explode("requirements")
    keys = failing.group_by("check_id", "account_id", "requirements", maintain_order=True).agg(
        pl.col("title").first(), pl.col("severity").first(), pl.col("resource_uid"), pl.len().alias("failing")
    )
    return tuple(_item(number, row, sample) for number, row in enumerate(keys.iter_rows(named=True), start=1))


def _item(number: int, row: dict[str, object], sample: Sample) -> PoamItem:
    opened = PERIOD.last_date - timedelta(days=number % 90)
    severity, resources = Severity(str(row["severity"])), row["resource_uid"]
    assert isinstance(resources, list)
    due = opened + timedelta(days=SLA_DAYS[severity])
    is_closed = number % _CLOSED_EVERY == 0
    closed = PERIOD.last_date if is_closed else None
    text = HOSTILE[number % len(HOSTILE)] if sample.hostile else "Why it matters"
    name = f"POAM-{number:05d}"
    return PoamItem(
        number=f"{name}/{row['requirements']}",
        weakness=name,
        requirement=str(row["requirements"]),
        requirement_title="Title",
        status=ItemStatus.CLOSED if is_closed else ItemStatus.OPEN,
        severity=severity,
        check_id=str(row["check_id"]),
        title=str(row["title"]),
        description=text,
        risk=text,
        provider="aws",
        account_id=str(row["account_id"]),
        service="s3",
        source="prowler",
        opened_on=opened,
        due_on=due,
        is_overdue=not is_closed and due < PERIOD.last_date,
        closed_on=closed,
        previous="POAM-00001" if number % 5 == 0 else None,
        merged=("POAM-00900",) if number % 7 == 0 else (),
        deviation=None if is_closed or number % 4 else Deviation.OPERATIONAL_REQUIREMENT,
        waivers=() if is_closed or number % 4 else ("wvr_1",),
        rationale=() if is_closed or number % 4 else (text,),
        is_muted=False,
        failing=None if is_closed else int(str(row["failing"])),
        waived=None if is_closed else 0,
        resource_count=None if is_closed else len(set(resources)),
        resources=() if is_closed else tuple(sorted({str(uid) for uid in resources})[:100]),
        owners=("payments",),
        remediation=text,
        remediation_url="https://example.com/fix",
        milestones=(
            Milestone(title="Correct what fails", due_on=due, done_on=closed),
            Milestone(title="A scan of the check finds nothing that fails", due_on=None, done_on=closed),
            *((_stated(number, text, due),) if number % 4 == 1 else ()),
        ),
        as_of=datetime(2026, 12, 1, tzinfo=UTC),
    )


def _stated(number: int, text: str, due: date) -> Milestone:
    """A milestone that was added, replaced and completed."""
    added = MilestoneStatement(
        id=f"mst_{number}a", change=None, text=text, due_on=due, done_on=None, author="key_1", author_name=text,
        author_role=None, made_at=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    moved = replace(added, id=f"mst_{number}b", change=MilestoneChange.REPLACED, author_role=text)
    done = replace(moved, id=f"mst_{number}c", change=MilestoneChange.COMPLETED, due_on=None, done_on=due)
    return Milestone(title=text, due_on=due, done_on=due, statements=(added, moved, done))
