"""Lists, details and new reports, with 1,000 to a million reports in the registry.

Run: ``python -m benchmarks.api [REPORTS,REPORTS... [SECONDS]]``. One process, on SQLite and on Postgres with durable
commits. The first round is a warm-up and is not counted. The duration of each step is printed on standard error.
"""

import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.api.load import Call, measure
from benchmarks.api.programs import Program, our_api
from benchmarks.api.seed import Seeded, seed_reports
from benchmarks.harness import ROUNDS, Measured
from benchmarks.results import BenchmarkTable, Limit, save
from tests.support.servers import PostgresServer, postgres

CONNECTIONS = 16
SIZES = (1_000, 100_000, 1_000_000)
OURS, KEYED = "policycortex", "policycortex, Idempotency-Key"
RATE, MIDDLE, TAIL, TAIL_RATIO, COST = (
    "requests_per_second", "median_ms", "p99_ms", "p99_over_median", "cpu_ms_per_request",
)  # fmt: skip
_REQUEST = {
    "name": "Monthly Security Assessment",
    "type": "audit",
    "framework": "iso27001",
    "description": "Monthly security audit for ISO 27001 compliance",
    "scope": {
        "environments": ["production", "staging"],
        "cloud_providers": ["aws", "azure", "gcp"],
        "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"},
    },
    "format_options": {
        "formats": ["pdf", "excel"],
        "include_executive_summary": True,
        "include_detailed_findings": True,
    },
    "delivery": {"immediate": False, "scheduled_at": "2099-02-01T09:00:00Z"},
}
_DETAIL = "Detail of"
_COST_NOTE = "CPU per request depends least on other load."
_CREATE_NOTE = (
    "A report for a later time, so that no run starts (`serving` measures that). The API validates the "
    "body, inserts the row, committed to disk, updates the report counts and the access log, writes the audit event to "
    "disk before and after, and returns an estimate and the position in the queue."
)
_TAIL_MISSED = "not analysed: one pause of the process delays all 16 connections"

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One way to send the requests."""

    name: str
    program: Program
    is_keyed: bool = False
    """Whether each request has an Idempotency-Key of its own."""


def main() -> None:
    """Every size on both databases."""
    sizes = [int(text) for text in sys.argv[1].split(",")] if len(sys.argv) > 1 else list(SIZES)
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    comparisons = []
    with postgres(is_durable=True) as server:
        for size in sizes:
            for database in (None, server):
                comparisons += _compare_all(size, database, seconds)
    save("api", "Lists, details and new reports", comparisons)


def _compare_all(count: int, server: PostgresServer | None, seconds: float) -> list[BenchmarkTable]:
    place = f"{count:,} reports on {'Postgres' if server else 'SQLite'}"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = server.url(server.create_database()) if server else None
        seeded = _timed(f"seed {place}", lambda: seed_reports(Path(folder), count, url))
        program = stack.enter_context(our_api(seeded.settings))
        plain = _Side(name=OURS, program=program)
        keyed = _Side(name=KEYED, program=program, is_keyed=True)
        return [
            _timed(
                f"{call.name} {place}",
                lambda call=call: _compare(  # type: ignore[misc]
                    f"{call.name} {place}", call, [plain, keyed] if call.body else [plain], seeded, seconds
                ),
            )
            for call in _calls(seeded)
        ]


def _calls(seeded: Seeded) -> list[Call]:
    """The request for a new report comes last, because it adds reports."""
    return [
        Call(name="List of", method="GET", path="/v1/reports?limit=20"),
        Call(name=_DETAIL, method="GET", path=f"/v1/reports/{seeded.report_id}"),
        Call(
            name="New report among",
            method="POST",
            path="/v1/reports",
            body=json.dumps(_REQUEST).encode(),
            statuses=(201, 202),
        ),
    ]


def _compare(name: str, call: Call, sides: list[_Side], seeded: Seeded, seconds: float) -> BenchmarkTable:
    found: dict[str, dict[str, list[float]]] = {
        side.name: {figure: [] for figure in (RATE, MIDDLE, TAIL, TAIL_RATIO, COST)} for side in sides
    }
    for number in range(ROUNDS + 1):
        for side in sides:
            for figure, value in _run(call, side, seeded, seconds).items():
                found[side.name][figure] += [value] if number else []
    note = f"{CONNECTIONS} connections, {seconds:g} s a round. {_COST_NOTE}"
    return BenchmarkTable(
        name=name,
        measured=[Measured(name=side, figures=figures) for side, figures in found.items()],
        limits=_limits(call),
        columns=(RATE, MIDDLE, TAIL, COST),
        note=f"{note} {_CREATE_NOTE}" if call.body else note,
    )


def _limits(call: Call) -> list[Limit]:
    tail = Limit(figure=TAIL_RATIO, ours=OURS, at_most=3, why_missed=_TAIL_MISSED)
    return [] if call.name == _DETAIL else [tail]


def _run(call: Call, side: _Side, seeded: Seeded, seconds: float) -> dict[str, float]:
    prefix = secrets.token_hex(4) if side.is_keyed else None
    before = side.program.cpu_seconds()
    run = measure(
        side.program.port,
        call,
        seeded.token,
        connections=CONNECTIONS,
        seconds=seconds,
        idempotency_prefix=prefix,
    )
    return {
        RATE: run.requests_per_second,
        MIDDLE: run.median_ms,
        TAIL: run.p99_ms,
        TAIL_RATIO: run.p99_ms / run.median_ms,
        COST: (side.program.cpu_seconds() - before) / run.requests * 1000,
    }


def _timed(what: str, make: Callable[[], _Made]) -> _Made:
    began = time.monotonic()
    made = make()
    print(f"  {what}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return made


if __name__ == "__main__":
    main()
