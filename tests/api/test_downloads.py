"""Files are proven before they are sent, whole or in part, with names and digests that clients can check."""

import base64
import hashlib
from typing import Any

import httpx
import pytest

from policycortex.errors import UnavailableError
from policycortex.names import ReportFormat
from policycortex.storage.objects.artifacts import FolderArtifacts, open_artifacts
from policycortex.storage.objects.artifacts_in_buckets import ObjectArtifacts
from policycortex.workflow.garbage_collection import collect_garbage
from tests.support.api_server import ApiServer
from tests.support.backends import replace_artifact

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def path(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> str:
    """Download path of a completed report's PDF."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.complete(report_id, {ReportFormat.PDF: CONTENT})
    return f"/v1/reports/{report_id}/download/pdf"


def test_a_download_carries_its_digests_and_name(client: httpx.Client, path: str) -> None:
    """Bytes, media type, RFC 6266 name, and the SHA-256 in three forms."""
    answer = client.get(path)
    digest = hashlib.sha256(CONTENT)
    assert answer.content == CONTENT
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Monthly-Security-Assessment.pdf"'
    assert answer.headers["X-Checksum-SHA256"] == digest.hexdigest()
    assert answer.headers["ETag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"


def test_head_tells_the_same_without_bytes(client: httpx.Client, path: str) -> None:
    """HEAD has GET's headers and no body."""
    head, body = client.head(path), client.get(path)
    assert head.content == b""
    for name in ("Content-Length", "ETag", "Content-Type", "Content-Disposition"):
        assert head.headers[name] == body.headers[name]


@pytest.mark.parametrize(
    ("requested", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=1000-", 1000, 1023), ("bytes=-24", 1000, 1023), ("bytes=1020-5000", 1020, 1023)],
)
def test_a_range_gives_that_part(client: httpx.Client, path: str, requested: str, first: int, last: int) -> None:
    """206 with Content-Range."""
    answer = client.get(path, headers={"Range": requested})
    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/1024"


@pytest.mark.parametrize("requested", ["bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"])
def test_what_is_no_single_range_gives_the_whole(client: httpx.Client, path: str, requested: str) -> None:
    """RFC 9110 lets a server ignore Range."""
    answer = client.get(path, headers={"Range": requested})
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_range_beyond_the_file_is_416(client: httpx.Client, path: str) -> None:
    """With the size in Content-Range."""
    answer = client.get(path, headers={"Range": "bytes=1024-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */1024")


def test_a_known_file_is_not_sent_again(client: httpx.Client, path: str) -> None:
    """If-None-Match with the ETag gives 304; an If-Range that does not hold gives the whole."""
    etag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_a_damaged_file_is_never_sent(server: ApiServer, client: httpx.Client, path: str) -> None:
    """One flipped byte: a clear 500 and none of its bytes."""
    report_id = path.split("/")[3]
    replace_artifact(server.settings, report_id, CONTENT[:-1] + b"\x00")
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (500, "RPT_013")


def test_a_missing_file_is_410_and_the_details_state_it(server: ApiServer, client: httpx.Client, path: str) -> None:
    """Attack: files are removed behind the registry's back, in the folder or in the bucket.

    The report stays completed, its details mark the file, and a download, a link and the bundle give the reason.
    Nightly upkeep counts it.
    """
    report_id = path.split("/")[3]
    details = f"/v1/reports/{report_id}"
    link = client.post(f"{details}/download-link", json={"format": "pdf"}).json()["url"]
    assert [file["available"] for file in client.get(details).json()["formats"]] == [True]
    before = collect_garbage(server.settings, now=server.clock(), is_dry_run=True).missing_files
    open_artifacts(server.settings).delete_report(report_id)
    found: ObjectArtifacts | FolderArtifacts = server.app.state.services.artifacts
    if isinstance(found, ObjectArtifacts):
        found._found.clear()  # half a minute later
    shown = client.get(details).json()
    assert (shown["status"], [file["available"] for file in shown["formats"]]) == ("completed", [False])
    for url in (path, link):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["error_code"]) == (410, "RPT_022")
        assert "missing in the store; request the report again" in answer.json()["error_description"]
    assert client.head(path).status_code == 410
    assert collect_garbage(server.settings, now=server.clock(), is_dry_run=True).missing_files == before + 1


def test_the_details_are_shown_while_the_store_does_not_answer(
    server: ApiServer, client: httpx.Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether files are there is then unknown: null."""

    def fail(*_: object) -> bool:
        raise UnavailableError("the store does not answer")

    monkeypatch.setattr(type(server.app.state.services.artifacts), "has_file", fail)
    answer = client.get(path.rpartition("/download")[0])
    assert (answer.status_code, [file["available"] for file in answer.json()["formats"]]) == (200, [None])


def test_a_format_that_was_not_made_is_404(client: httpx.Client, path: str) -> None:
    """The answer names what there is."""
    answer = client.get(path.replace("/pdf", "/csv"))
    assert (answer.status_code, answer.json()["error_code"]) == (404, "RPT_018")
    assert "it has pdf" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("../../etc/passwd", 'attachment; filename="etc-passwd.pdf"'),
        ("Отчёт", "attachment; filename=\"report.pdf\"; filename*=UTF-8''%D0%9E%D1%82%D1%87%D1%91%D1%82.pdf"),
        ("Über \u202egnp", "attachment; filename=\"Uber-gnp.pdf\"; filename*=UTF-8''%C3%9Cber-gnp.pdf"),
        ('a"; x="', 'attachment; filename="a-x.pdf"'),
    ],
)
def test_a_name_cannot_mislead(
    server: ApiServer, client: httpx.Client, order: dict[str, Any], name: str, header: str
) -> None:
    """Path signs, quotes and direction marks are gone; other scripts stay in filename*."""
    report_id = client.post("/v1/reports", json=order | {"name": name}).json()["id"]
    server.complete(report_id)
    assert client.get(f"/v1/reports/{report_id}/download/pdf").headers["Content-Disposition"] == header


def test_a_report_on_its_way_has_no_files_yet(client: httpx.Client, order: dict[str, Any]) -> None:
    """409 with the status."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    answer = client.get(f"/v1/reports/{report_id}/download/pdf")
    assert (answer.status_code, answer.json()["error_code"]) == (409, "RPT_003")
    assert "pending" in answer.json()["error_description"]
