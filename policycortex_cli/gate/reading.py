"""What a gate reads of the API."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from policycortex.errors import InputError, RequestError
from policycortex.names import Severity
from policycortex.rendering.visible_text import show_controls
from policycortex_cli.gate.model import GateFinding, GateLimits, GateReading
from policycortex_client import Client

LAST: Final = "last"
_PAUSE_SECONDS: Final = 2.0


def read_now(client: Client, limits: GateLimits, *, wait_seconds: float) -> GateReading:
    """The posture of now, once all imports are counted. Raises InputError when they are not after ``wait_seconds``."""
    until = time.monotonic() + wait_seconds
    while True:
        posture = client.get_posture(limits.framework, **limits.filters)
        if not posture["has_uncounted_imports"]:
            return _reading(client, limits, posture, label="now", as_of=None)
        if time.monotonic() >= until:
            raise InputError(
                "imported findings are not counted yet: wait longer, or assess their days with policycortex backfill"
            )
        time.sleep(_PAUSE_SECONDS)


def read_before(client: Client, limits: GateLimits, against: str) -> GateReading:
    """The posture at the time that ``against`` names: ``last``, the id of a report, a date or a time.

    Raises InputError when there is no such report or nothing was assessed then, RequestError for another word.
    """
    label, moment = _moment_of(client, limits, against)
    query = {**limits.filters, "as_of": [moment.isoformat()]}
    reading = _reading(
        client, limits, client.get_posture(limits.framework, **query), label=label, as_of=moment.isoformat()
    )
    if reading.score_pct is None:
        raise InputError(f"no finding counts towards {limits.framework} at {label}: there is nothing to compare with")
    return reading


def _moment_of(client: Client, limits: GateLimits, against: str) -> tuple[str, datetime]:
    if against == LAST:
        found = client.list_reports(framework=limits.framework, status="completed", sort="-generated_at", limit=1)
        if not found.reports:
            raise InputError(f"there is no completed report on {limits.framework}; give a date to compare with")
        return _end_of_report(client.get_report(found.reports[0].id).raw)
    if against.startswith("rpt_"):
        return _end_of_report(client.get_report(against).raw)
    try:
        moment = datetime.fromisoformat(against)
    except ValueError:
        raise RequestError(f"{against!r} is not {LAST}, the id of a report, a date or a time") from None
    if len(against) <= len("2026-10-31"):
        moment = moment.replace(hour=23, minute=59, second=59)
    return against, moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _end_of_report(report: Mapping[str, Any]) -> tuple[str, datetime]:
    """The end of its period, or when it was made if that is earlier."""
    if report["status"] != "completed":
        raise InputError(f"report {report['id']} is {report['status']}: only a completed one can be compared with")
    made = min(datetime.fromisoformat(report[name]) for name in ("started_at", "generated_at") if report[name])
    moment = min(made, datetime.fromisoformat(report["period"]["end"]))
    return f"report {report['id']} of {moment:%Y-%m-%d}", moment


def _reading(
    client: Client, limits: GateLimits, posture: Mapping[str, Any], *, label: str, as_of: str | None
) -> GateReading:
    listed = client.iterate_findings(
        framework=limits.framework,
        status="FAIL",
        severity=[str(severity) for severity in limits.severities],
        as_of=as_of,
        **limits.filters,
    )
    return GateReading(
        label=label,
        as_of=datetime.fromisoformat(as_of or posture["period"]["end"]),
        score_pct=posture["compliance_score"],
        findings=tuple(_finding(each) for each in listed if not each["muted"] and not each["waived"]),
        unmet=tuple(
            (each["id"], each["title"]) for each in posture["requirements"] if each["result"] == "non_compliant"
        ),
    )


def _finding(body: Mapping[str, Any]) -> GateFinding:
    def text(name: str) -> str:
        return show_controls(body[name] or "")  # XML has no control characters

    return GateFinding(
        provider=text("provider"),
        account_id=text("account_id"),
        region=text("region"),
        check_id=text("check_id"),
        resource_uid=text("resource_uid"),
        severity=Severity(body["severity"]),
        title=text("title") or text("check_id"),
        detail=text("status_detail"),
        requirements=tuple(body["requirements"]),
        remediation=text("remediation"),
    )
