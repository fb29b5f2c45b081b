"""An OpenTelemetry collector on loopback: it decodes what it is sent, by OpenTelemetry's own definition."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedSpan:
    """One span, its ids in hexadecimal."""

    name: str
    trace_id: str
    id: str
    parent_id: str
    """"" for none."""
    attributes: dict[str, Any]
    failure: str | None
    """None for a span that is not failed."""
    event_count: int
    seconds: float


@dataclass(kw_only=True)
class Collector:
    """What it received so far."""

    url: str
    spans: list[ReceivedSpan] = field(default_factory=list)
    services: set[str] = field(default_factory=set)

    def named(self, name: str) -> ReceivedSpan:
        """The only span with that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


@contextmanager
def trace_collector() -> Iterator[Collector]:
    """A running one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            _take(collector, ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(url=f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _take(collector: Collector, request: ExportTraceServiceRequest) -> None:
    for resource in request.resource_spans:
        collector.services.add(_values(resource.resource.attributes)["service.name"])
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            is_failed = span.status.code == Status.STATUS_CODE_ERROR
            collector.spans.append(
                ReceivedSpan(
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    attributes=_values(span.attributes),
                    failure=span.status.message if is_failed else None,
                    event_count=len(span.events),
                    seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                )
            )


def _values(attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - a repeated field of a message
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
