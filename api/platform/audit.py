"""What the API writes into the audit trail: one record for each request under ``/v1``, done, refused or failed.

Requests that change something are noted on disk before they begin, so that no change can be without its record.
"""

from contextvars import ContextVar
from typing import Any, Final

from anyio import to_thread
from starlette.types import Scope

from api.platform.services import Services
from policycortex.audit.chain import NOBODY, AuditEvent, Outcome

_PREFIX: Final = "/v1/"
_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ACTIONS: Final = {
    ("POST", "/v1/reports"): "report_created",
    ("GET", "/v1/reports"): "reports_listed",
    ("GET", "/v1/reports/{report_id}"): "report_read",
    ("DELETE", "/v1/reports/{report_id}"): "report_deleted",
    ("POST", "/v1/reports/{report_id}/cancel"): "report_cancelled",
    ("GET", "/v1/reports/{report_id}/download/{format}"): "report_downloaded",
    ("GET", "/v1/reports/{report_id}/download/{format}/signature"): "report_downloaded",
    ("GET", "/v1/reports/{report_id}/download/manifest"): "report_downloaded",
    ("GET", "/v1/reports/{report_id}/download/manifest.p7s"): "report_downloaded",
    ("GET", "/v1/reports/{report_id}/download/certificate"): "report_downloaded",
    ("GET", "/v1/reports/{report_id}/download/bundle"): "report_downloaded",
    ("POST", "/v1/reports/{report_id}/download-link"): "link_created",
    ("GET", "/v1/links/{token}"): "link_used",
    ("PUT", "/v1/reports/{report_id}/sharing"): "report_shared",
    ("GET", "/v1/reports/{report_id}/sharing"): "sharing_read",
    ("GET", "/v1/reports/{report_id}/access-log"): "access_log_read",
    ("POST", "/v1/reports/schedules"): "schedule_created",
    ("PATCH", "/v1/reports/schedules/{schedule_id}"): "schedule_changed",
    ("DELETE", "/v1/reports/schedules/{schedule_id}"): "schedule_deleted",
    ("POST", "/v1/reports/schedules/{schedule_id}/run"): "schedule_run",
    ("POST", "/v1/waivers"): "waiver_created",
    ("DELETE", "/v1/waivers/{waiver_id}"): "waiver_revoked",
    ("POST", "/v1/frameworks"): "framework_uploaded",
    ("POST", "/v1/deliveries/{delivery_id}/replay"): "delivery_replayed",
    ("GET", "/v1/audit-trail"): "audit_trail_read",
    ("GET", "/v1/audit-trail/export"): "audit_trail_exported",
}
"""Words of acts; others are called by their method and route."""

_noted: ContextVar[dict[str, Any] | None] = ContextVar("policycortex_noted", default=None)


def note(**facts: Any) -> None:  # noqa: ANN401 - facts of many types
    """Add to the record of the request at work: ``subject``, ``actor``, ``organization``, ``details``."""
    noted = _noted.get()
    if noted is not None:
        noted.update(facts)


class RequestRecord:
    """The record of one request, from its beginning to its answer."""

    def __init__(self, services: Services, scope: Scope) -> None:
        self._services, self._scope = services, scope
        self._is_recorded = str(scope["path"]).startswith(_PREFIX)
        self._entry_id: str | None = None
        self._noted: dict[str, Any] = {}

    def enter(self) -> None:
        """Let ``note`` reach this record from wherever the request is worked on."""
        _noted.set(self._noted)
        self._scope["policycortex.record"] = self

    async def begin(self) -> None:
        """Once the caller is known, before anything is changed. Raises UnavailableError when it cannot be recorded."""
        if self._is_recorded and self._scope["method"] in _CHANGING:
            self._entry_id = self._services.journal.begin(self._act(Outcome.UNKNOWN, 0))
            await to_thread.run_sync(self._services.journal.sync, limiter=self._services.short_work)

    def end(self, status: int) -> None:
        """Before the answer's first byte leaves. Raises UnavailableError: then it must not leave."""
        if not self._is_recorded:
            return
        self._is_recorded = False
        outcome = Outcome.DONE if status < 400 else Outcome.REFUSED if status < 500 else Outcome.FAILED
        self._services.journal.end(self._act(outcome, status), self._entry_id)

    def _act(self, outcome: Outcome, status: int) -> AuditEvent:
        scope, method = self._scope, self._scope["method"]
        route = str(getattr(scope.get("route"), "path", "(none)"))
        parameters = {name: str(value) for name, value in scope.get("path_params", {}).items() if name != "token"}
        subject = self._noted.get("subject") or next((v for n, v in parameters.items() if n.endswith("_id")), None)
        details: dict[str, Any] = {"status": status} if status else {}
        details |= {name: value for name, value in parameters.items() if value != subject}
        if "policycortex.error_code" in scope:
            details["code"] = scope["policycortex.error_code"]
        client = scope.get("client")
        read_as = "GET" if method == "HEAD" else method
        known = _ACTIONS.get((read_as, route))
        if known is None:
            details |= {"method": method[:16], "route": route}
        return AuditEvent(
            organization=self._noted.get("organization") or scope.get("policycortex.organization") or NOBODY,
            at=self._services.now(),
            action=known or ("read" if read_as == "GET" else "changed"),
            actor=self._noted.get("actor") or scope.get("policycortex.key_id") or "nobody",
            address=client[0] if client else None,
            request_id=scope.get("policycortex.request_id"),
            subject=subject,
            outcome=outcome,
            details=details | self._noted.get("details", {}),
        )
