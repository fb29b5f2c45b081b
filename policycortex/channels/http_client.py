"""HTTP calls to receivers: the address is checked on connect; no redirects, no proxies, limited time and size."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpcore

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.time_limit import SLOWEST_BYTES_PER_SECOND, TimeLimit, time_limit, watch_socket
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError

_CHUNK_BYTES: Final = 1 << 20
_BEFORE_SENDING: Final = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)

NEVER_ACCEPTED: Final = frozenset({501, 505, 506, 510})
"""5xx answers that a later attempt cannot change: the server does not support the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response of an HTTP call."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    text: str
    """The beginning of the body, up to the client's ``most_answer_bytes``."""

    @property
    def retry_after_seconds(self) -> float | None:
        """``Retry-After`` in seconds; None without it, or when it is a date."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpClient:
    """Makes HTTP calls with one set of limits."""

    guard: AddressGuard
    timeout_seconds: float = 30.0
    """Limit of the whole call, from the connection to the last byte of the body, plus the time of a large request."""
    ca_file: str | None = None
    """Certificates of a private certificate authority; None: those of the system."""
    most_answer_bytes: int = 64 * 1024
    """Of the answer's body; what follows is not read."""

    def post(self, url: str, body: bytes | Path, headers: dict[str, str]) -> Answer:
        """POST and read the answer of any status. Raises as ``call``."""
        return self.call("POST", url, body, headers)

    def call(self, method: str, url: str, body: bytes | Path, headers: dict[str, str]) -> Answer:
        """Send the request and read the answer of any status.

        Raises DeliveryRefusedError (bad URL or address), DeliveryDeferredError (nothing was sent) and
        DeliveryUncertainError (sent, no answer).
        """
        parts = check_url(url)
        _check_headers(headers)
        length = body.stat().st_size if isinstance(body, Path) else len(body)
        sent = {"Host": parts.netloc, "User-Agent": "PolicyCortex-Reports", "Content-Length": str(length), **headers}
        try:
            with time_limit(self.timeout_seconds + length / SLOWEST_BYTES_PER_SECOND) as limit:
                return self._exchange(method, url, _pieces(body), sent, limit)
        except _BEFORE_SENDING as error:
            raise DeliveryDeferredError(
                f"cannot connect to {parts.hostname}: {error or type(error).__name__}", is_reached=False
            ) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise DeliveryUncertainError(
                f"{parts.hostname} received the delivery and did not answer ({type(error).__name__})"
            ) from error

    def _exchange(
        self, method: str, url: str, pieces: Iterator[bytes], headers: dict[str, str], limit: TimeLimit
    ) -> Answer:
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self.timeout_seconds)
        with (
            httpcore.ConnectionPool(
                ssl_context=_tls(self.ca_file), network_backend=_GuardedBackend(self.guard)
            ) as pool,
            pool.stream(
                method, url, headers=list(headers.items()), content=pieces, extensions={"timeout": timeouts}
            ) as response,
        ):
            text = _beginning(response, limit, self.most_answer_bytes)
            names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return Answer(status=response.status, headers=names, text=text.decode("utf-8", "replace"))


def check_url(url: str, *, schemes: tuple[str, ...] = ("https", "http")) -> SplitResult:
    """The parts of the URL. Raises DeliveryRefusedError if it is not an absolute URL of a host without credentials."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme in schemes and parts.hostname and parts.port != 0 and url.isascii()
    except ValueError:
        is_plain = False
    if not is_plain or any(character <= " " or character in "\\\x7f" for character in url):
        raise DeliveryRefusedError(f"{url[:200]!r} is not a URL such as {schemes[0]}://hooks.example.com/reports")
    if "@" in parts.netloc:
        raise DeliveryRefusedError("a URL must not hold a user name or password; put secrets into the connection")
    return parts


def _check_headers(headers: Mapping[str, str]) -> None:
    """Raises DeliveryRefusedError for a value that is not one line of ASCII, and never shows it: it may be a secret."""
    bad = [name for name, value in headers.items() if not value.isascii() or not value.isprintable()]
    if bad:
        raise DeliveryRefusedError(
            f"the connection's secret cannot be sent in the header {bad[0]}; it must be one line of ASCII"
        )


class _GuardedBackend(httpcore.SyncBackend):
    """Connects only to addresses that the guard allows; TLS still verifies the host name of the URL."""

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
        """A connection to the first address of the host that answers."""
        addresses = self._guard.resolve(host, port)
        for address in addresses[:-1]:
            try:
                return self._watched(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._watched(addresses[-1], port, timeout, local_address, socket_options)

    def _watched(
        self,
        address: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(address, port, timeout, local_address, socket_options)
        watch_socket(stream.get_extra_info("socket"))
        return stream


def _beginning(response: httpcore.Response, limit: TimeLimit, most_bytes: int) -> bytes:
    """The first bytes of the body; less if the time ends, because the status is already known."""
    text = b""
    try:
        for piece in response.iter_stream():
            text += piece
            if len(text) > most_bytes or limit.is_over:
                break
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError):
        if not limit.is_over:
            raise
    return text[:most_bytes]


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
        while piece := file.read(_CHUNK_BYTES):
            yield piece
