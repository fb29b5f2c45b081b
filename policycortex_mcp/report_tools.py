"""Tools on reports: list, order, wait, link, compare, cancel, delete."""

from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from policycortex_mcp.backend import Connect

ToolContext = Context[Any, Any]
ReportId = Annotated[str, Field(description="Id of a report", pattern=r"^rpt_[0-9a-f]{16}$")]
_LONGEST_WAIT = 50
_Type = Literal[
    "compliance", "audit", "risk", "trend", "remediation", "poam", "statement_of_applicability", "indicator_history"
]


class ReportTools:
    """Methods are tools; their docstrings are what an assistant reads."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def list_reports(
        self,
        ctx: ToolContext,
        *,
        framework: str | None = None,
        type: _Type | None = None,  # noqa: A002 - the API's name
        status: Literal["pending", "running", "completed", "failed", "cancelled", "expired"] | None = None,
        q: Annotated[str | None, Field(description="Words of name or description")] = None,
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
        offset: Annotated[int, Field(ge=0)] = 0,
    ) -> dict[str, Any]:
        """List reports, newest first, with status, score and counts. get_report has the period of each."""
        query = {"framework": framework, "type": type, "status": status, "q": q, "limit": limit, "offset": offset}
        return await self._connect(ctx).get("/v1/reports", query)

    async def get_report(self, ctx: ToolContext, *, report_id: ReportId) -> dict[str, Any]:
        """All about one report: period, scope, score, findings by severity, files with digests, or why it failed."""
        return await self._connect(ctx).get(f"/v1/reports/{report_id}")

    async def compare_reports(
        self,
        ctx: ToolContext,
        *,
        report_id: Annotated[ReportId, Field(description="The earlier report")],
        other_id: Annotated[ReportId, Field(description="The later report")],
        limit: Annotated[int, Field(ge=1, le=100, description="Findings of one page")] = 20,
        offset: Annotated[int, Field(ge=0)] = 0,
    ) -> dict[str, Any]:
        """Why the score differs between two completed reports.

        `change.causes` add up to the change in percentage points exactly. `requirements` are those whose result
        differs. `findings` are new, resolved, accepted or no longer looked at. Use it to explain a month: order or
        find the reports of that month and of the month before.
        """
        path = f"/v1/reports/{report_id}/compare/{other_id}"
        return await self._connect(ctx).get(path, {"limit": limit, "offset": offset})

    async def order_report(
        self,
        ctx: ToolContext,
        *,
        name: Annotated[str, Field(description="Title of the report", min_length=1)],
        type: _Type = "compliance",  # noqa: A002 - the API's name
        framework: Annotated[str | None, Field(description="Id of a framework, see list_frameworks")] = None,
        frameworks: Annotated[
            list[str] | None, Field(description="Instead of framework: one report on several", min_length=1)
        ] = None,
        scope: Annotated[
            dict[str, Any] | None,
            Field(
                description='As in POST /v1/reports, such as {"date_range_type": "last_month", "environments": '
                '["production"]}; absent: all findings of the last 30 days'
            ),
        ] = None,
        formats: Annotated[list[str], Field(description="Such as pdf, excel, csv, json, html, word")] = ["pdf"],  # noqa: B006 - read by pydantic alone
        idempotency_key: Annotated[
            str | None, Field(description="The same key and order give the same report for 24 hours")
        ] = None,
    ) -> dict[str, Any]:
        """Order a report. It is made in the background: wait_for_report tells when it is complete."""
        body: dict[str, Any] = {
            "name": name,
            "type": type,
            "scope": scope or {},
            "format_options": {"formats": formats},
        }
        body |= {"framework": framework} if framework else {}
        body |= {"frameworks": frameworks} if frameworks else {}
        return await self._connect(ctx).post("/v1/reports", body, idempotency_key=idempotency_key)

    async def wait_for_report(
        self,
        ctx: ToolContext,
        *,
        report_id: ReportId,
        seconds: Annotated[int, Field(ge=0, le=_LONGEST_WAIT)] = 30,
    ) -> dict[str, Any]:
        """The report once it has ended, or as it is after these seconds: then call again."""
        return await self._connect(ctx).get(f"/v1/reports/{report_id}", wait_seconds=seconds)

    async def create_download_link(
        self,
        ctx: ToolContext,
        *,
        report_id: ReportId,
        format: Annotated[str, Field(description="One of the report's formats")],  # noqa: A002 - the API's name
        expires_in: Annotated[int, Field(ge=60, le=604_800, description="Seconds")] = 3600,
        one_time: bool = True,
    ) -> dict[str, Any]:
        """Create a link to one file. Whoever has the link can download the file without a key until it expires."""
        body = {"format": format, "expires_in": expires_in, "one_time": one_time}
        return await self._connect(ctx).post(f"/v1/reports/{report_id}/download-link", body)

    async def cancel_report(self, ctx: ToolContext, *, report_id: ReportId) -> dict[str, Any]:
        """End a pending or running report. It cannot be continued."""
        return await self._connect(ctx).post(f"/v1/reports/{report_id}/cancel", {})

    async def delete_report(self, ctx: ToolContext, *, report_id: ReportId) -> dict[str, Any]:
        """Delete a report with its files and links. It cannot be restored."""
        await self._connect(ctx).delete(f"/v1/reports/{report_id}")
        return {"id": report_id, "deleted": True}
