"""Scores, risk and forecasts over time; the methods return the documented bodies."""

from collections.abc import Mapping
from typing import Any

from policycortex_client.transport import Filter, Transport


class AnalyticsClient(Transport):
    """Methods for analytics. Each takes the documented query parameters as keywords and raises ApiError."""

    def get_overview(self) -> Mapping[str, Any]:
        """Progress of each framework, overdue findings, silent accounts and the newest scans."""
        return self._table("/v1/analytics/overview", {})

    def get_trends(self, **query: Filter) -> Mapping[str, Any]:
        """Scores by day, week or month, with the causes of the change."""
        return self._table("/v1/analytics/trends", query)

    def get_risk(self, **query: Filter) -> Mapping[str, Any]:
        """Risk with its parts, what lowers it most, ages, and time to remediate."""
        return self._table("/v1/analytics/risk", query)

    def get_forecast(self, **query: Filter) -> Mapping[str, Any]:
        """The score's next days with measured intervals, or why there is no forecast."""
        return self._table("/v1/analytics/forecast", query)

    def compare_reports(self, report_id: str, other_id: str, **query: Filter) -> Mapping[str, Any]:
        """The findings of the first report compared with the second."""
        return self._table(f"/v1/reports/{report_id}/compare/{other_id}", query)

    def _table(self, path: str, query: Mapping[str, Filter]) -> Mapping[str, Any]:
        body: Mapping[str, Any] = self._get(path, **query)
        return body
