"""Report files in ``gs://``: through Google's XML protocol, which is that of S3, so that moto's server answers it."""

import json
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from policycortex.errors import ConfigurationError, IntegrityError, NotFoundError
from policycortex.names import ReportFormat
from policycortex.storage.objects.artifacts_in_buckets import ObjectArtifacts

REPORT = "rpt_0123456789abcdef"
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectArtifacts]:
    """A bucket whose service account needs no token; moto expects a signature of Amazon's and does not check it."""
    moto = DomainDispatcherApplication(create_backend_app)

    def signed(environ: dict[str, Any], start: Any) -> Any:  # noqa: ANN401 - of WSGI
        return moto(environ | {"HTTP_AUTHORIZATION": SIGNATURE}, start)

    server = make_server("127.0.0.1", 0, signed, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    httpx.put(f"{url}/archive", trust_env=False, timeout=60).raise_for_status()
    account = {"gcs_base_url": url, "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
    key_file = tmp_path / "account.json"
    key_file.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(key_file))
    monkeypatch.setenv("GOOGLE_BASE_URL", url)
    yield ObjectArtifacts(url=f"gs://archive/{secrets.token_hex(6)}")  # moto keeps its objects for the process
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("size", [1000, 9 << 20])
def test_files_are_stored_read_listed_and_removed(store: ObjectArtifacts, tmp_path: Path, size: int) -> None:
    """A small file, and one that is sent in parts; again from a range, after the first reader compared the digest."""
    source = tmp_path / "source.bin"
    source.write_bytes(bytes(n % 251 for n in range(1000)) * (size // 1000))
    stored = store.put_artifact(REPORT, ReportFormat.PDF, source)
    assert (stored.size_bytes, store.has_file(stored.key, stored.size_bytes)) == (source.stat().st_size, True)
    for _ in ("whole", "ranges"):
        with store.open_artifact(stored.key, sha256=stored.sha256) as stream:
            assert stream.read() == source.read_bytes()
    assert [(file.key, file.size_bytes) for file in store.list_files()] == [(stored.key, stored.size_bytes)]
    store.delete_report(REPORT)
    assert list(store.list_files()) == []
    with pytest.raises(NotFoundError):
        store.open_artifact(stored.key, sha256=stored.sha256)


def test_other_bytes_and_other_buckets_are_refused(store: ObjectArtifacts, tmp_path: Path) -> None:
    """A file that is not the one stored, and a bucket that is not there."""
    source = tmp_path / "source.bin"
    source.write_bytes(b"content")
    stored = store.put_artifact(REPORT, ReportFormat.CSV, source)
    with pytest.raises(IntegrityError, match="differs"):
        store.open_artifact(stored.key, sha256="0" * 64)
    with pytest.raises(ConfigurationError, match="gs://absent/reports"):
        ObjectArtifacts(url="gs://absent/reports").put_artifact(REPORT, ReportFormat.CSV, source)
