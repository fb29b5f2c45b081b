"""What the API needs of the orchestrator, in its own words; ``api.platform.dagster_runs`` says them to Dagster."""

from dataclasses import dataclass
from typing import Protocol

from policycortex.requests import ReportRequest
from policycortex.storage.registry import Failure, ReportRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """Whether one part of the system works, and if not, why."""

    name: str
    is_ok: bool
    detail: str = ""


class RunLauncher(Protocol):
    """Starts, watches and ends the runs that make reports."""

    def launch(self, report: ReportRow, order: ReportRequest) -> str:
        """Start the run; its id. Raises UnavailableError when it cannot be started now."""
        ...

    def find_failure(self, report: ReportRow) -> Failure | None:
        """Why the report's runs ended without a result; None while one is on its way. Raises UnavailableError."""
        ...

    def has_run(self, report: ReportRow) -> bool:
        """Whether any run of the report was ever started. Raises UnavailableError."""
        ...

    def cancel(self, run_id: str) -> None:
        """End the run; an ended one is no error. Raises UnavailableError."""
        ...

    def check(self) -> tuple[PartState, ...]:
        """State of the orchestrator's parts; never raises for one that is away."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
