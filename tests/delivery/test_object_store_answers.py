"""What an object store answers decides whether a delivery is tried again: permanent answers are permanent."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from policycortex.channels.model import DeliveredFile, Destination
from policycortex.channels.s3 import S3Connection
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError
from tests.support.samples.delivery import sample_content, send_over

_ANYWHERE = Destination(channel="s3", connection="s3", target="")


class _Answering(BaseHTTPRequestHandler):
    status, code = 200, ""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = f"<Error><Code>{self.code}</Code></Error>".encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Connection]:
    """A store that answers every request as ``_Answering`` says."""
    monkeypatch.setenv("S3_KEY", "planted-secret-key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    fields = {"type": "s3", "bucket": "b", "endpoint": f"http://127.0.0.1:{server.server_address[1]}"}
    keys = {"access_key_id": "env:S3_KEY", "secret_access_key": "env:S3_KEY"}
    yield S3Connection.model_validate(fields | keys | {"timeout_seconds": 0.5})
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((400, "EntityTooLarge"), DeliveryRefusedError),
        ((403, "AccessDenied"), DeliveryRefusedError),
        ((404, "NoSuchBucket"), DeliveryRefusedError),
        ((405, "MethodNotAllowed"), DeliveryRefusedError),
        ((413, ""), DeliveryRefusedError),
        ((301, "PermanentRedirect"), DeliveryRefusedError),
        ((501, "NotImplemented"), DeliveryRefusedError),
        ((400, "RequestTimeout"), DeliveryDeferredError),
        ((400, "ExpiredToken"), DeliveryDeferredError),
        ((409, "OperationAborted"), DeliveryDeferredError),
        ((429, ""), DeliveryDeferredError),
        ((503, "SlowDown"), DeliveryDeferredError),
    ],
)
def test_an_answer_is_permanent_or_passing(
    connection: S3Connection,
    pdf: DeliveredFile,
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, str],
    expected: type[Exception],
) -> None:
    """A wrong request stays wrong, as in the wrong region; a busy service and an expired token pass."""
    for name, value in zip(("status", "code"), answer, strict=True):
        monkeypatch.setattr(_Answering, name, value)
    with pytest.raises(expected):
        send_over(connection, _ANYWHERE, sample_content(pdf))
