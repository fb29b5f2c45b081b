"""The overview: scores of the frameworks in use, what changed and why, what is silent, and what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from policycortex_console.forms import backend_of, person_of
from policycortex_console.pages.auditors import show_granted
from policycortex_console.rendering import render
from policycortex_console.sparkline import Sparkline, sparkline_of

_DAYS: Final = 35
_NEWEST: Final = 5
_MOST_FRAMEWORKS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkCard:
    """One framework on the overview."""

    id: str
    name: str
    score: float | None
    change: float | None
    """Points since the first scored day shown."""
    line: Sparkline
    met: int | None
    """Requirements met, of the newest report; None without one."""
    assessed: int | None
    report_id: str | None


async def show_overview(request: Request) -> Response:
    """The screen. Without findings and reports it says what to do first; an outside auditor sees the grant."""
    if person_of(request).identity.grant is not None:
        return await show_granted(request)
    backend, now = backend_of(request), request.app.state.now()
    start = (now - timedelta(days=_DAYS)).isoformat()
    found = {
        "trends": await backend.find(
            "/v1/analytics/trends", by="framework", start=start, end=now.isoformat(), granularity="day"
        ),
        "frameworks": await backend.find("/v1/frameworks"),
        "reports": await backend.find("/v1/reports", limit=100),
        "imports": await backend.find("/v1/imports", limit=_NEWEST),
        "schedules": await backend.find("/v1/reports/schedules", limit=100, enabled="true"),
        "failed": await backend.find("/v1/deliveries", status="failed", limit=_NEWEST),
    }
    reports = (found["reports"] or {}).get("reports", [])
    names = {each["id"]: each["name"] for each in (found["frameworks"] or {}).get("frameworks", [])}
    context = {
        "cards": _cards(found["trends"], names, reports),
        "reports": reports[:_NEWEST],
        "imports": (found["imports"] or {}).get("imports", []),
        "next_runs": _next_runs((found["schedules"] or {}).get("schedules", [])),
        "failed": (found["failed"] or {}).get("deliveries", []),
    }
    return render(request, "overview.html", context, person=person_of(request))


def _cards(
    trends: Mapping[str, Any] | None, names: Mapping[str, str], reports: Sequence[Mapping[str, Any]]
) -> list[FrameworkCard]:
    """Frameworks with reports first, by their newest report; then those with most assessed findings."""
    series = {each["name"]: each["points"] for each in (trends or {}).get("series", [])}
    newest: dict[str, Mapping[str, Any]] = {}
    for report in reports:
        if report["framework"] and report["summary"] is not None:
            newest.setdefault(report["framework"], report)
    ids = sorted(series, key=lambda id_: (id_ not in newest, -_assessed(series[id_]), id_))
    return [_card(id_, series[id_], names.get(id_, id_), newest.get(id_)) for id_ in ids[:_MOST_FRAMEWORKS]]


def _card(id_: str, points: Sequence[Mapping[str, Any]], name: str, report: Mapping[str, Any] | None) -> FrameworkCard:
    scored = [point["compliance_score"] for point in points if point["compliance_score"] is not None]
    summary = report["summary"] if report else {}
    return FrameworkCard(
        id=id_,
        name=name,
        score=scored[-1] if scored else None,
        change=scored[-1] - scored[0] if len(scored) > 1 else None,
        line=sparkline_of([point["compliance_score"] for point in points]),
        met=summary.get("requirements_met"),
        assessed=summary.get("requirements_assessed"),
        report_id=report["id"] if report else None,
    )


def _assessed(points: Sequence[Mapping[str, Any]]) -> int:
    return int(points[-1]["assessed"]) if points else 0


def _next_runs(schedules: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The next tick of each schedule, soonest first."""
    ticks = [(each["next_runs"][0], each) for each in schedules if each.get("next_runs")]
    return sorted(ticks, key=lambda pair: pair[0])[:_NEWEST]


ROUTES: Final = (Route("/", show_overview, methods=["GET"]),)
