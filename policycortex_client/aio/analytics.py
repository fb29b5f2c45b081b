"""Generated from ``policycortex_client/analytics.py`` by ``clients/python/generate_async.py``."""

from collections.abc import Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.transport import Filter


class AsyncAnalyticsClient(AsyncTransport):
    """Methods for analytics. Each takes the documented query parameters as keywords and raises ApiError."""

    async def get_overview(self) -> Mapping[str, Any]:
        """Progress of each framework, overdue findings, silent accounts and the newest scans."""
        return await self._table("/v1/analytics/overview", {})

    async def get_trends(self, **query: Filter) -> Mapping[str, Any]:
        """Scores by day, week or month, with the causes of the change."""
        return await self._table("/v1/analytics/trends", query)

    async def get_risk(self, **query: Filter) -> Mapping[str, Any]:
        """Risk with its parts, what lowers it most, ages, and time to remediate."""
        return await self._table("/v1/analytics/risk", query)

    async def get_forecast(self, **query: Filter) -> Mapping[str, Any]:
        """The score's next days with measured intervals, or why there is no forecast."""
        return await self._table("/v1/analytics/forecast", query)

    async def compare_reports(self, report_id: str, other_id: str, **query: Filter) -> Mapping[str, Any]:
        """The findings of the first report compared with the second."""
        return await self._table(f"/v1/reports/{report_id}/compare/{other_id}", query)

    async def _table(self, path: str, query: Mapping[str, Filter]) -> Mapping[str, Any]:
        body: Mapping[str, Any] = await self._get(path, **query)
        return body
