"""Load: N connections that each send the next request after a complete response. Its own cost is about 60 us."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from statistics import quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that is sent repeatedly."""

    name: str
    method: str
    path: str
    body: bytes = b""
    statuses: tuple[int, ...] = (200,)
    """Any other status ends the benchmark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """The figures of one round."""

    requests: int
    requests_per_second: float
    median_ms: float
    p99_ms: float


def measure(
    port: int, call: Call, token: str, *, connections: int, seconds: float, idempotency_prefix: str | None = None
) -> LoadResult:
    """Send the call for ``seconds``. Raises AssertionError on any other status.

    With a prefix each request has an Idempotency-Key of its own.
    """
    return asyncio.run(_measure(port, _requests(call, token, idempotency_prefix), call, connections, seconds))


def _requests(call: Call, token: str, prefix: str | None) -> Iterator[bytes]:
    fixed = f"{call.method} {call.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    if call.body:
        fixed += f"Content-Type: application/json\r\nContent-Length: {len(call.body)}\r\n"
    for number in count():
        key = f"Idempotency-Key: {prefix}-{number}\r\n" if prefix else ""
        yield f"{fixed}{key}\r\n".encode() + call.body


async def _measure(port: int, requests: Iterator[bytes], call: Call, connections: int, seconds: float) -> LoadResult:
    began = time.perf_counter()
    until = began + seconds
    parts = await asyncio.gather(*(_send(port, requests, call.statuses, until) for _ in range(connections)))
    spans = [span for part in parts for span in part]
    cuts = quantiles(spans, n=100)
    # Until the last response: those of a slow server arrive after the time has ended.
    rate = len(spans) / (time.perf_counter() - began)
    return LoadResult(requests=len(spans), requests_per_second=rate, median_ms=cuts[49] * 1000, p99_ms=cuts[98] * 1000)


async def _send(port: int, requests: Iterator[bytes], statuses: tuple[int, ...], until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    spans = []
    while (began := time.perf_counter()) < until:
        writer.write(next(requests))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        assert int(head[9:12]) in statuses, head + body
        spans.append(time.perf_counter() - began)
    writer.close()
    return spans
