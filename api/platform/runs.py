"""The run operations that the API needs from the orchestrator; ``dagster_runs`` implements them."""

from dataclasses import dataclass
from typing import Protocol

from policycortex.requests import ReportRequest
from policycortex.storage.registry import Failure, ReportRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """Whether one part of the system works, and the reason if not."""

    name: str
    is_ok: bool
    detail: str = ""


class RunLauncher(Protocol):
    """Starts, checks and ends the runs that produce reports."""

    def launch(self, report: ReportRow, request: ReportRequest) -> str:
        """Start the run; its id. Raises UnavailableError when it cannot be started now."""
        ...

    def find_failure(self, report: ReportRow) -> Failure | None:
        """Why the report's runs ended without files; None while a run goes on or follows. Raises UnavailableError."""
        ...

    def has_run(self, report: ReportRow) -> bool:
        """Whether any run of the report was ever started. Raises UnavailableError."""
        ...

    def cancel(self, run_id: str) -> None:
        """End the run; no error if it has ended. Raises UnavailableError."""
        ...

    def check(self) -> tuple[PartState, ...]:
        """State of the orchestrator's parts. Does not raise when one is unavailable."""
        ...

    def close(self) -> None:
        """Close connections."""
        ...
