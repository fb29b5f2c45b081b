"""What the API writes into the audit log: one audit event for each request under ``/v1``, whatever its outcome.

An event of a request that changes something is on disk before the request is processed, so that no change can happen
without its event.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from starlette.types import Scope

from api.platform.services import Services
from policycortex.audit.chain import NO_ORGANIZATION, AuditEvent, AuditOutcome

_PREFIX: Final = "/v1/"
_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ACTIONS: Final[dict[Callable[..., Any], str]] = {}
"""Action names by endpoint."""

_noted: ContextVar[dict[str, Any] | None] = ContextVar("policycortex_noted", default=None)

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


def audited(action: str) -> Callable[[_Endpoint], _Endpoint]:
    """Name the endpoint's action in audit events. Endpoints without a name are recorded by method and route."""

    def register(endpoint: _Endpoint) -> _Endpoint:
        _ACTIONS[endpoint] = action
        return endpoint

    return register


def note(**facts: Any) -> None:  # noqa: ANN401 - facts of many types
    """Add to the current request's event: ``subject``, ``actor``, ``organization``, ``details``."""
    noted = _noted.get()
    if noted is not None:
        noted.update(facts)


class RequestRecord:
    """The audit event of one request, from its start to its response."""

    def __init__(self, services: Services, scope: Scope) -> None:
        self._services, self._scope = services, scope
        self._is_recorded = str(scope["path"]).startswith(_PREFIX)
        self._entry_id: str | None = None
        self._noted: dict[str, Any] = {}

    def enter(self) -> None:
        """Make ``note`` add to this event, in all code that processes the request."""
        _noted.set(self._noted)
        self._scope["policycortex.record"] = self

    async def begin(self) -> None:
        """Write the event before anything changes, once the caller is known. Raises UnavailableError."""
        if self._is_recorded and self._scope["method"] in _CHANGING:
            services = self._services
            self._entry_id = services.write_ahead_log.begin(self._event(AuditOutcome.UNKNOWN, 0))
            await services.run_short(services.write_ahead_log.sync)

    def end(self, status: int) -> None:
        """Write the outcome before the response is sent. Raises UnavailableError; do not send the response then."""
        if not self._is_recorded:
            return
        self._is_recorded = False
        outcome = AuditOutcome.DONE if status < 400 else AuditOutcome.REFUSED if status < 500 else AuditOutcome.FAILED
        event = self._event(outcome, status)
        if self._entry_id is not None or not self._services.refusals.is_counted(event):
            self._services.write_ahead_log.end(event, self._entry_id)

    def _event(self, outcome: AuditOutcome, status: int) -> AuditEvent:
        scope, route = self._scope, self._scope.get("route")
        path = str(getattr(route, "path", "(none)"))
        parameters = {name: str(value) for name, value in scope.get("path_params", {}).items() if name != "token"}
        subject = self._noted.get("subject") or next((v for n, v in parameters.items() if n.endswith("_id")), None)
        details: dict[str, Any] = {"status": status} if status else {}
        details |= {name: value for name, value in parameters.items() if value != subject}
        if "policycortex.error_code" in scope:
            details["code"] = scope["policycortex.error_code"]
        client = scope.get("client")
        action = _ACTIONS.get(getattr(route, "endpoint", _unnamed))
        if action is None:
            details |= {"method": scope["method"][:16], "route": path}
            action = "read" if scope["method"] in {"GET", "HEAD"} else "changed"
        return AuditEvent(
            organization=self._noted.get("organization") or scope.get("policycortex.organization") or NO_ORGANIZATION,
            at=self._services.now(),
            action=action,
            actor=self._noted.get("actor") or scope.get("policycortex.key_id") or "nobody",
            address=client[0] if client else None,
            request_id=scope.get("policycortex.request_id"),
            subject=subject,
            outcome=outcome,
            details=details | self._noted.get("details", {}),
        )


def _unnamed() -> None:
    """Stands for the endpoint of a request that matches no route."""
