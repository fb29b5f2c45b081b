"""Prometheus metrics of the process. Labels are routes and states, never ids or names."""

from collections.abc import Iterable, Iterator
from math import inf
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from policycortex.workflow.operations import Distribution, Figure

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

    def print(self, figures: Iterable[Figure | Distribution] = ()) -> bytes:
        """In Prometheus' text format, followed by figures of the installation."""
        shown = CollectorRegistry()
        shown.register(_Figures(tuple(figures)))
        return generate_latest(self._registry) + generate_latest(shown)


class _Figures(Collector):
    """Figures as gauges, distributions as histograms."""

    def __init__(self, figures: tuple[Figure | Distribution, ...]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """One family for each figure."""
        for figure in self._figures:
            if isinstance(figure, Distribution):
                yield _histogram(figure)
                continue
            labels = [figure.label] if figure.label else []
            family = GaugeMetricFamily(f"policycortex_{figure.name}", figure.text, labels=labels)
            for value, number in figure.values.items():
                family.add_metric([value] if figure.label else [], number)
            yield family


def _histogram(distribution: Distribution) -> HistogramMetricFamily:
    buckets = [("+Inf" if end == inf else str(end), count) for end, count in distribution.counts]
    name = f"policycortex_{distribution.name}"
    return HistogramMetricFamily(name, distribution.text, buckets=buckets, sum_value=distribution.total)
