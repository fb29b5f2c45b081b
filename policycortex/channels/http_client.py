"""HTTP calls to the outside: guarded at connect time, no redirects, no proxies, bounded in time and size."""

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpcore

from policycortex.channels.address_guard import AddressGuard
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError

_LONGEST_ANSWER: Final = 64 * 1024
_CHUNK: Final = 1 << 20
_BEFORE_SENDING: Final = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side said."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    text: str
    """At most 64 KiB of it."""

    @property
    def retry_after_seconds(self) -> float | None:
        """``Retry-After`` in seconds; None without it, or when it is a date."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpClient:
    """How calls are made."""

    guard: AddressGuard
    timeout_seconds: float = 30.0
    """For the whole call, whatever trickles in."""
    ca_file: str | None = None
    """Certificates of a private authority; None trusts the system's."""

    def post(self, url: str, body: bytes | Path, headers: dict[str, str]) -> Answer:
        """POST and read the answer, whatever its status.

        Raises DeliveryRefusedError (bad URL or address), DeliveryDeferredError (nothing was handed over) and
        DeliveryUncertainError (handed over, no answer).
        """
        parts = check_url(url)
        _check_headers(headers)
        length = body.stat().st_size if isinstance(body, Path) else len(body)
        sent = {"Host": parts.netloc, "User-Agent": "PolicyCortex-Reports", "Content-Length": str(length), **headers}
        try:
            return self._exchange(url, _pieces(body), sent)
        except _BEFORE_SENDING as error:
            raise DeliveryDeferredError(
                f"cannot connect to {parts.hostname}: {error or type(error).__name__}", is_reached=False
            ) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise DeliveryUncertainError(
                f"{parts.hostname} was sent the delivery and gave no answer ({type(error).__name__})"
            ) from error

    def _exchange(self, url: str, pieces: Iterator[bytes], headers: dict[str, str]) -> Answer:
        limit = self.timeout_seconds
        timeouts = {"connect": limit, "read": limit, "write": limit, "pool": limit}
        backend, end = _GuardedBackend(self.guard), time.monotonic() + limit
        with (
            httpcore.ConnectionPool(ssl_context=_tls(self.ca_file), network_backend=backend) as pool,
            pool.stream(
                "POST", url, headers=list(headers.items()), content=pieces, extensions={"timeout": timeouts}
            ) as answer,
        ):
            text = b""
            for piece in answer.iter_stream():
                text += piece
                if len(text) > _LONGEST_ANSWER or time.monotonic() > end:
                    break
            names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            return Answer(status=answer.status, headers=names, text=text[:_LONGEST_ANSWER].decode("utf-8", "replace"))


def check_url(url: str, *, schemes: tuple[str, ...] = ("https", "http")) -> SplitResult:
    """The URL taken apart. Raises DeliveryRefusedError when it is not a plain address of a host."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme in schemes and parts.hostname and parts.port != 0 and url.isascii()
    except ValueError:
        is_plain = False
    if not is_plain or any(sign <= " " or sign in "\\\x7f" for sign in url):
        raise DeliveryRefusedError(f"{url[:200]!r} is not a URL such as {schemes[0]}://hooks.example.com/reports")
    if "@" in parts.netloc:
        raise DeliveryRefusedError("a URL must not hold a user name or password; put secrets into the connection")
    return parts


def _check_headers(headers: Mapping[str, str]) -> None:
    """A secret with a line break or a letter beyond ASCII would break off the call; its value is never shown."""
    bad = [name for name, value in headers.items() if not value.isascii() or not value.isprintable()]
    if bad:
        raise DeliveryRefusedError(
            f"the header {bad[0]} cannot be made of what the connection's secret holds; it must be one line of ASCII"
        )


class _GuardedBackend(httpcore.SyncBackend):
    """Dials only addresses the guard allows; TLS still proves the name of the URL."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """The first of the host's addresses that answers."""
        addresses = self._guard.resolve(host, port)
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"cannot read the certificates in {ca_file}: {error}") from error


def _pieces(body: bytes | Path) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield body
        return
    with body.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece
