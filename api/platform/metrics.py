"""Prometheus metrics of the process. Labels are routes and states, never ids or names."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics:
    """One registry per application, so that one process can have several."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "policycortex_http_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "policycortex_http_request_seconds", "Time to the answer's end", ["route"], registry=self._registry
        )
        self.active = Gauge("policycortex_http_requests_active", "Requests being answered", registry=self._registry)
        self.launches = Counter(
            "policycortex_report_launches", "Requests to Dagster to start a run", ["outcome"], registry=self._registry
        )

    def print(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
