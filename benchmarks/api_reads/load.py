"""A plain load: N connections that each send the next request when the answer is whole. Its own cost is about 60 us."""

import asyncio
import time
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True)
class Measured:
    """One run."""

    requests: int
    requests_per_second: float
    median_ms: float
    p99_ms: float


def measure(port: int, path: str, token: str, *, connections: int, seconds: float) -> Measured:
    """Send GET requests for so long. Raises AssertionError on any answer but 200."""
    return asyncio.run(_measure(port, path, token, connections, seconds))


async def _measure(port: int, path: str, token: str, connections: int, seconds: float) -> Measured:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    began = time.perf_counter()
    until = began + seconds
    spans = [
        span for part in await asyncio.gather(*(_send(port, head, until) for _ in range(connections))) for span in part
    ]
    cuts = quantiles(spans, n=100)
    # Up to the last answer: a slow server's last ones come well after the time is up.
    rate = len(spans) / (time.perf_counter() - began)
    return Measured(requests=len(spans), requests_per_second=rate, median_ms=cuts[49] * 1000, p99_ms=cuts[98] * 1000)


async def _send(port: int, head: bytes, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    spans = []
    while (began := time.perf_counter()) < until:
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in answer.split(b"\r\n", 1)[0], answer
        length = int(answer.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        spans.append(time.perf_counter() - began)
    writer.close()
    return spans
