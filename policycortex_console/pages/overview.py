"""The overview: frameworks with what changed and why, what is overdue or silent, newest work, and what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from policycortex_console.forms import backend_of, person_of
from policycortex_console.pages.auditors import show_granted
from policycortex_console.rendering import render
from policycortex_console.sparkline import Sparkline, sparkline_of
from policycortex_console.uploads import upload_address

_NEWEST: Final = 5
_MOST_FRAMEWORKS: Final = 6
_MOST_CAUSES: Final = 3
_REPORTED: Final = 20
"""Newest reports in which a framework is looked for: those in use are shown first."""
CAUSE_WORDS: Final[Mapping[str, str]] = {
    "fixed": "fixed",
    "regressed": "failed again or newly",
    "new_resources": "of new resources",
    "gone_resources": "of removed resources",
    "scope_and_coverage": "by another scope or scan coverage",
    "framework_version": "by a new framework version",
    "waivers": "waived, muted, or no longer",
}
"""Completes "12 findings ..."."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkCard:
    """One framework on the overview."""

    progress: Mapping[str, Any]
    """As the API has it."""
    line: Sparkline
    causes: tuple[tuple[str, Mapping[str, Any]], ...]
    """Words and cause, of those with most effect; without those that have none."""


async def show_overview(request: Request) -> Response:
    """The screen. Without findings and reports it says what to do first; an outside auditor sees the grant."""
    if person_of(request).identity.grant is not None:
        return await show_granted(request)
    backend = backend_of(request)
    overview = await backend.get("/v1/analytics/overview")
    reports = (await backend.get("/v1/reports", limit=_REPORTED))["reports"]
    imports = await backend.find("/v1/imports", limit=_NEWEST)
    schedules = await backend.find("/v1/reports/schedules", limit=100, enabled="true")
    failed = await backend.find("/v1/deliveries", status="failed", limit=_NEWEST)
    context = {
        "overview": overview,
        "upload": upload_address(request, "/imports"),
        "cards": _cards(overview, {each["framework"] for each in reports}),
        "overdue": [each for each in overview["ages"] if each["severity"] in {"critical", "high"}],
        "reports": reports[:_NEWEST],
        "imports": (imports or {}).get("imports", []),
        "next_runs": _next_runs((schedules or {}).get("schedules", [])),
        "failed": (failed or {}).get("deliveries", []),
    }
    return render(request, "overview.html", context, person=person_of(request))


def _cards(overview: Mapping[str, Any], reported: set[str]) -> list[FrameworkCard]:
    """Frameworks with reports first, then those with most assessed findings."""
    if overview["end_date"] is None:
        return []
    ordered = sorted(overview["frameworks"], key=lambda each: each["framework"] not in reported)
    first, last = (date.fromisoformat(overview[name]) for name in ("start_date", "end_date"))
    return [_card(each, first, last) for each in ordered[:_MOST_FRAMEWORKS]]


def _card(progress: Mapping[str, Any], first: date, last: date) -> FrameworkCard:
    scores = {date.fromisoformat(day["date"]): float(day["compliance_score"]) for day in progress["days"]}
    effective = sorted((each for each in progress["causes"] if each["points"]), key=lambda each: -abs(each["points"]))
    causes = tuple((CAUSE_WORDS[each["cause"]], each) for each in effective[:_MOST_CAUSES])
    return FrameworkCard(progress=progress, line=sparkline_of(scores, first, last), causes=causes)


def _next_runs(schedules: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The next tick of each schedule, soonest first."""
    ticks = [(each["next_runs"][0], each) for each in schedules if each.get("next_runs")]
    return sorted(ticks, key=lambda pair: pair[0])[:_NEWEST]


ROUTES: Final = (Route("/", show_overview, methods=["GET"]),)
