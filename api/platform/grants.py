"""What the identity of an outside auditor may call, and the limits of its grant. What is not named here is refused."""

from datetime import datetime
from typing import Final

from fastapi import Request

from api.platform import error_codes as codes
from api.platform.audit import note
from api.platform.errors import ApiError
from policycortex.period import Period
from policycortex.storage.registry import GrantRow

_REPORT: Final = "/v1/reports/{report_id}"
_ROUTES: Final = frozenset(
    {
        "/v1/grants/mine",
        "/v1/reports",
        _REPORT,
        f"{_REPORT}/compare/{{other_id}}",
        f"{_REPORT}/verification",
        f"{_REPORT}/download/manifest",
        f"{_REPORT}/download/manifest.p7s",
        f"{_REPORT}/download/certificate",
        f"{_REPORT}/download/bundle",
        f"{_REPORT}/download/{{format}}",
        f"{_REPORT}/download/{{format}}/signature",
        "/v1/frameworks",
        "/v1/frameworks/{framework_id}",
        "/v1/frameworks/{framework_id}/posture",
        "/v1/frameworks/{framework_id}/requirements/{requirement_id}",
        "/v1/findings",
        "/v1/attestations",
        "/v1/attestations/{attestation_id}",
        "/v1/attestations/{attestation_id}/evidence/{sha256}",
        "/v1/comments",
        "/v1/comments/{comment_id}",
        "/v1/evidence-requests",
        "/v1/evidence-requests/{evidence_request_id}",
    }
)
"""Each of these routes applies the grant: reports by the reader's id in the registry, the others by this module."""
_CHANGES: Final = frozenset(
    {
        ("POST", "/v1/comments"),
        ("POST", "/v1/evidence-requests"),
        ("POST", "/v1/evidence-requests/{evidence_request_id}/close"),
    }
)
"""What an auditor adds, and closes of the own. It needs no scope beside the grant."""
_LONGEST_QUERY: Final = 500


def require_granted_route(request: Request, grant: GrantRow) -> None:
    """Raise ApiError 403 for a call that no grant has, and 404 for a framework outside of the grant.

    The event in the audit log gets the query, so that it shows what was read.
    """
    path = getattr(request.scope.get("route"), "path", "")
    is_read = request.method in {"GET", "HEAD"} and path in _ROUTES
    if not is_read and (request.method, path) not in _CHANGES:
        raise ApiError(
            codes.FORBIDDEN,
            "Your grant covers reports, requirements, evidence, statements, comments and your own requests only",
        )
    if request.url.query:
        note(details={"query": request.url.query[:_LONGEST_QUERY]})
    framework = request.path_params.get("framework_id")
    if framework is not None:
        require_framework(grant, framework)


def require_framework(grant: GrantRow, framework_id: str | None) -> None:
    """Raise ApiError 404, as for an unknown framework, unless the grant has it."""
    if framework_id not in grant.frameworks:
        raise ApiError(codes.PATH_NOT_FOUND, f"No framework {framework_id!r}; GET /v1/frameworks lists all")


def period_within(grant: GrantRow, period: Period) -> Period:
    """The part of the period from the grant's start on. Raises ApiError 404 when it ends outside of the grant."""
    require_time(grant, period.end)
    return Period(start=max(period.start, grant.period.start), end=period.end, zone=period.zone)


def require_time(grant: GrantRow, at: datetime) -> None:
    """Raise ApiError 404 unless the posture at the last moment before ``at`` is within the grant."""
    if not grant.period.start < at <= grant.period.end:
        raise ApiError(codes.PATH_NOT_FOUND, "Your grant does not cover this time")
