"""Tools on what counts now, or counted at a time: frameworks, posture, findings, scores over time, forecast, risk."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field

from policycortex_mcp.backend import Connect, ToolBackend
from policycortex_mcp.report_tools import ToolContext

AsOf = Annotated[str | None, Field(description="RFC 3339 with a time zone; absent: now")]
FrameworkId = Annotated[str, Field(description="Id of a framework, see list_frameworks", pattern=r"^\w[\w.\-]{0,99}$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))]
Several = Annotated[list[str] | None, Field(description="Absent: all")]
Result = Literal["compliant", "non_compliant", "supporting_evidence", "manual", "not_applicable", "not_assessed"]


class PostureTools:
    """Methods are tools; their docstrings are what an assistant reads."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def list_frameworks(self, ctx: ToolContext) -> dict[str, Any]:
        """Built-in frameworks and the organisation's own, with the ids that other tools take."""
        return await self._connect(ctx).get("/v1/frameworks")

    async def get_posture(
        self,
        ctx: ToolContext,
        *,
        framework: FrameworkId,
        as_of: AsOf = None,
        results: Annotated[list[Result] | None, Field(description="Only requirements with these results")] = None,
        environments: Several = None,
        accounts: Several = None,
    ) -> dict[str, Any]:
        """Score, counts and the result of each requirement of a framework, calculated from the newest scans."""
        query = {"as_of": as_of, "results": results, "environments": environments, "accounts": accounts}
        return await self._connect(ctx).get(f"/v1/frameworks/{framework}/posture", query)

    async def get_requirement(
        self,
        ctx: ToolContext,
        *,
        framework: FrameworkId,
        requirement: Annotated[str, Field(description="Id in the framework, such as CC6.1", min_length=1)],
        as_of: AsOf = None,
        environments: Several = None,
        accounts: Several = None,
    ) -> dict[str, Any]:
        """The evidence of one requirement: its checks with their counts, waivers, attestations, and past results.

        list_findings with the requirement has the findings themselves.
        """
        query = {"as_of": as_of, "environments": environments, "accounts": accounts}
        named = quote(requirement, safe="").replace(".", "%2E")  # httpx would take ".." for the folder above
        path = f"/v1/frameworks/{framework}/requirements/{named}"
        return await self._connect(ctx).get(path, query)

    async def list_findings(
        self,
        ctx: ToolContext,
        *,
        framework: FrameworkId | None = None,
        requirement: Annotated[str | None, Field(description="Id in the framework, such as CC6.1")] = None,
        status: Annotated[list[Literal["PASS", "FAIL", "MANUAL"]] | None, Field(description="Absent: all")] = None,
        severity: Annotated[
            list[Literal["critical", "high", "medium", "low", "informational"]] | None,
            Field(description="Absent: all"),
        ] = None,
        checks: Several = None,
        accounts: Several = None,
        environments: Several = None,
        as_of: AsOf = None,
        limit: Annotated[int, Field(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Field(description="`next_cursor` of the page before, same arguments")] = None,
    ) -> dict[str, Any]:
        """The evidence behind scores: failing before passing findings, the most severe first.

        Each has its resource, scan file with digest, and the requirements it counts towards.
        """
        query = {
            "framework": framework,
            "requirement": requirement,
            "status": status,
            "severity": severity,
            "checks": checks,
            "accounts": accounts,
            "environments": environments,
            "as_of": as_of,
            "limit": limit,
            "cursor": cursor,
        }
        return await self._connect(ctx).get("/v1/findings", query)

    async def get_trends(
        self,
        ctx: ToolContext,
        *,
        framework: FrameworkId | None = None,
        start: Annotated[Day, Field(description="First day, UTC")],
        end: Annotated[Day, Field(description="Last day, UTC")],
        granularity: Literal["day", "week", "month"] = "week",
    ) -> dict[str, Any]:
        """Scores over time, with the causes of each change, which add up to it exactly."""
        query = {"framework": framework, "granularity": granularity, **_span(start, end)}
        return await self._connect(ctx).get("/v1/analytics/trends", query)

    async def explain_score(
        self,
        ctx: ToolContext,
        *,
        framework: FrameworkId,
        start: Annotated[Day, Field(description="First day of the time to explain, UTC")],
        end: Annotated[Day, Field(description="Last day, UTC")],
    ) -> dict[str, Any]:
        """Why a framework's score changed in a time, such as a month, without reports.

        `change` is from the newest scored day of the week before `start`, else the first day after it, to the last one
        up to `end`. Its causes add up to `points` exactly. `requirements` are those whose result differs.
        """
        backend = self._connect(ctx)
        span = _span(start - timedelta(days=7), start - timedelta(days=1))
        before = await backend.get("/v1/analytics/trends", {"framework": framework, "granularity": "day", **span})
        scored = [point["scored_on"] for each in before["series"] for point in each["points"] if point["scored_on"]]
        first = date.fromisoformat(max(scored)) if scored else start
        trends = await backend.get(
            "/v1/analytics/trends", {"framework": framework, "granularity": "month", **_span(first, end)}
        )
        return {
            "framework": framework,
            "change": trends["change"],
            "requirements": await _changed_requirements(backend, framework, first, end),
        }

    async def get_risk(
        self,
        ctx: ToolContext,
        *,
        framework: FrameworkId | None = None,
        top: Annotated[int, Field(ge=1, le=100, description="Items that would lower the risk most")] = 10,
    ) -> dict[str, Any]:
        """Risk of the last 30 days with its parts, what lowers it most, and ages against the agreed days."""
        return await self._connect(ctx).get("/v1/analytics/risk", {"framework": framework, "top": top})

    async def get_forecast(
        self,
        ctx: ToolContext,
        *,
        framework: FrameworkId | None = None,
        horizon_days: Annotated[int, Field(ge=1, le=365)] = 30,
        target_score: Annotated[float | None, Field(ge=0, le=100, description="When is this score reached?")] = None,
    ) -> dict[str, Any]:
        """The score's next days with measured intervals, or why there is no forecast."""
        query = {"framework": framework, "horizon_days": horizon_days, "target_score": target_score}
        return await self._connect(ctx).get("/v1/analytics/forecast", query)


async def _changed_requirements(backend: ToolBackend, framework: str, first: date, end: date) -> list[dict[str, Any]]:
    path, now = f"/v1/frameworks/{framework}/posture", datetime.now(UTC)
    sides = []
    for day in (first, end):
        moment = datetime.combine(day, time(23, 59, 59), UTC)
        posture = await backend.get(path, {"as_of": moment.isoformat() if moment < now else None})
        sides.append({each["id"]: each for each in posture["requirements"]})
    before, after = sides
    return [
        {
            "id": id_,
            "title": each["title"],
            "before": before[id_]["result"] if id_ in before else None,
            "after": each["result"],
            "failed_before": before[id_]["findings"]["failed"] if id_ in before else None,
            "failed_after": each["findings"]["failed"],
        }
        for id_, each in after.items()
        if id_ not in before or before[id_]["result"] != each["result"]
    ]


def _span(first: date, last: date) -> dict[str, str]:
    """Both days whole, in UTC."""
    return {"start": f"{first}T00:00:00Z", "end": f"{last}T23:59:59Z"}
