"""Sends spans to an OpenTelemetry collector by OTLP over HTTP, in batches, from a thread."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_Attributes = Mapping[str, str | int | float | bool]

_NONE: Final[_Attributes] = {}
_SEND_SECONDS: Final = 3.0
"""A collector that does not answer delays the end of a run by so much."""
_SERVICE: Final = "policycortex"
_PACKAGE: Final = "policycortex-reports"
_PARENT: Final = "traceparent"
_W3C: Final = TraceContextTextMapPropagator()


class OtlpTracing:
    """Tracing with a provider of its own: libraries that know OpenTelemetry's global one send nothing by it.

    The SDK reads its own variables, such as ``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER`` and
    ``OTEL_EXPORTER_OTLP_HEADERS``.
    """

    def __init__(self, url: str) -> None:
        own = Resource({SERVICE_NAME: _SERVICE, SERVICE_VERSION: version(_PACKAGE)})
        self._provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()))
        exporter = OTLPSpanExporter(endpoint=url, timeout=_SEND_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(_PACKAGE)

    @contextmanager
    def span(self, name: str, attributes: _Attributes = _NONE, *, parent: str | None = None) -> Iterator["_Span"]:
        """See Tracing."""
        around = _W3C.extract({_PARENT: parent}) if parent is not None else None
        with self._tracer.start_as_current_span(
            name, around, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
        ) as span:
            made = _Span(span)
            try:
                yield made
            except BaseException as error:
                made.fail(type(error).__name__)
                raise

    def begin(self, name: str, attributes: _Attributes = _NONE) -> "_Span":
        """See Tracing."""
        return _Span(self._tracer.start_span(name, attributes=dict(attributes)))

    def context(self) -> str | None:
        """See Tracing."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get(_PARENT)

    def flush(self) -> None:
        """See Tracing."""
        self._provider.force_flush(round(_SEND_SECONDS * 1000))


class _Span:
    """A span of the SDK."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, attributes: _Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def fail(self, reason: str) -> None:
        self._span.set_status(trace.Status(trace.StatusCode.ERROR, reason))

    def end(self) -> None:
        self._span.end()
