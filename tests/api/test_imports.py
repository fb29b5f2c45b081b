"""Findings files by HTTP: stored before the answer, one upload one import, each organisation's own."""

import base64
import hashlib
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.app import create_app
from api.platform import connection_limits
from policycortex.errors import InputError
from tests.support.api_server import NO_TLS, ApiServer, serve
from tests.support.uploads import landed, run_import
from tests.unit.findings.ocsf_records import array_text, ocsf_record

SCOPES = ["findings:write", "reports:read"]
SCAN = array_text([ocsf_record(0), ocsf_record(1)])
NAME = {"name": "scan.ocsf.json"}


@pytest.fixture
def sender(server: ApiServer) -> httpx.Client:
    """A key that may upload."""
    return server.client(scopes=SCOPES)


def test_a_file_is_stored_before_the_response_with_the_result_of_its_import(
    server: ApiServer, sender: httpx.Client
) -> None:
    """202 with the digest of the stored file; after the run each file's counts, days and the upload's end."""
    sent = sender.post("/v1/imports", params=NAME | {"target": "repo-a"}, content=SCAN)
    assert sent.status_code == 202, sent.text
    upload = sent.json()
    assert sent.headers["Location"] == f"{server.url}/v1/imports/{upload['id']}"
    assert (upload["status"], upload["size_bytes"], upload["target"]) == ("pending", len(SCAN), "repo-a")
    assert upload["sha256"] == hashlib.sha256(SCAN).hexdigest()
    [file] = landed(server)
    assert (file.upload_id, file.folder) == (upload["id"], "")
    run_import(server, upload["id"])
    done = sender.get(f"/v1/imports/{upload['id']}").json()
    assert (done["status"], done["records_read"], done["records_kept"]) == ("completed", 2, 2)
    [imported] = done["files"]
    assert (imported["name"], imported["outcome"], imported["is_new"]) == ("scan.ocsf.json", "imported", True)
    assert "repo-a" in imported["targets"]
    assert imported["dates"]
    listed = sender.get("/v1/imports", params={"status": "completed"}).json()
    assert [each["id"] for each in listed["imports"]] == [upload["id"]]
    assert sender.get("/v1/imports", params={"status": "pending"}).json()["pagination"]["total"] == 0


def test_a_form_brings_the_same_file(server: ApiServer, sender: httpx.Client) -> None:
    """Name and target come from the form; a part that nobody knows, or none called file, is named."""
    sent = sender.post("/v1/imports", files={"file": ("C:\\scans\\a b.json", SCAN)}, data={"target": "cluster-1"})
    assert sent.status_code == 202, sent.text
    upload = sent.json()
    assert (upload["file_name"], upload["target"]) == ("a b.json", "cluster-1")
    assert upload["sha256"] == hashlib.sha256(SCAN).hexdigest()
    [file] = landed(server)
    if file.location.startswith("/"):
        assert Path(file.location).read_bytes() == SCAN
    for bad, message in (
        ({"files": {"document": ("a.json", SCAN)}}, "unknown part 'document'"),
        ({"files": [("file", ("a.json", SCAN)), ("file", ("b.json", SCAN))]}, "more than one part"),
        ({"files": {"file": ("a.json", b"")}}, "is empty"),
        ({"files": {"file": ("a.json", SCAN)}, "data": {"target": "two\nlines"}}, "one line"),
    ):
        refused = sender.post("/v1/imports", **bad)
        assert (refused.status_code, refused.json()["error_code"]) == (400, "RPT_014")
        assert message in refused.json()["details"][0]["message"]
    cut = sender.post(
        "/v1/imports",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
        content=b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
    )
    assert "no complete part" in cut.json()["details"][0]["message"]
    assert len(landed(server)) == 1


@pytest.mark.parametrize("name", ["../../../etc/passwd", "_hidden.json", "x.part", "é" * 400 + ".json", "\x00", ".."])
def test_no_name_leads_out_of_the_zone_or_hides_the_file(server: ApiServer, sender: httpx.Client, name: str) -> None:
    """Whatever the name, the file waits where the sensor looks."""
    assert sender.post("/v1/imports", params={"name": name}, content=SCAN).status_code == 202
    [file] = landed(server)
    assert len(file.location.rpartition("/")[2].encode()) <= 200


def test_bytes_that_changed_on_the_way_are_refused(server: ApiServer, sender: httpx.Client) -> None:
    """With a Content-Digest of other bytes 400, with the right one 202."""
    for content, status in ((SCAN, 202), (SCAN[:-1], 400)):
        digest = base64.b64encode(hashlib.sha256(SCAN).digest()).decode()
        sent = sender.post(
            "/v1/imports", params=NAME, content=content, headers={"Content-Digest": f"sha-256=:{digest}:"}
        )
        assert sent.status_code == status, sent.text
    assert len(landed(server)) == 1


@pytest.mark.parametrize("header", ["Content-Digest", "Repr-Digest"])
def test_a_digest_that_cannot_be_read_is_refused(server: ApiServer, sender: httpx.Client, header: str) -> None:
    """Hexadecimal, cut, without its form: 400 that names the header. Digests of other algorithms are not compared."""
    digest = base64.b64encode(hashlib.sha256(SCAN).digest()).decode()
    texts = (hashlib.sha256(SCAN).hexdigest(), f"sha-256={digest}", f"SHA-256=:{digest}:", f"sha-256=:{digest[:8]}:")
    for text in (*texts, "sha-256=:a:", f"md5=:YQ==:, sha-256=:{digest}"):
        refused = sender.post("/v1/imports", params=NAME, content=SCAN, headers={header: text})
        assert (refused.status_code, refused.json()["error_code"]) == (400, "RPT_014"), text
        assert [detail["field"] for detail in refused.json()["details"]] == [header]
    assert landed(server) == []
    sent = sender.post("/v1/imports", params=NAME, content=SCAN, headers={header: f"md5=:YQ==:, sha-256=:{digest}:"})
    assert sent.status_code == 202, sent.text


def test_the_same_request_twice_is_one_upload(server: ApiServer, sender: httpx.Client) -> None:
    """With an Idempotency-Key; other bytes under the same key are a conflict."""
    headers = {"Idempotency-Key": "nightly-1"}
    first, again = (sender.post("/v1/imports", params=NAME, content=SCAN, headers=headers) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = sender.post("/v1/imports", params=NAME, content=SCAN + b" ", headers=headers)
    assert (other.status_code, other.json()["error_code"]) == (409, "RPT_003")
    assert len(landed(server)) == 1


def test_an_upload_that_ended_while_its_sender_waited_is_done(server: ApiServer, sender: httpx.Client) -> None:
    """202 when the wait is over before the import, with the time to ask again; 200 with the result after it."""
    headers = {"Idempotency-Key": "nightly-2", "Prefer": "wait=1"}
    waits = sender.post("/v1/imports", params=NAME, content=SCAN, headers=headers)
    assert (waits.status_code, waits.json()["status"], waits.headers["Retry-After"]) == (202, "pending", "5")
    run_import(server, waits.json()["id"])
    ended = sender.post("/v1/imports", params=NAME, content=SCAN, headers=headers)
    assert (ended.status_code, ended.json()["status"], ended.json()["records_kept"]) == (200, "completed", 2)
    assert ended.headers["Preference-Applied"] == "wait=1"
    assert "Retry-After" not in ended.headers


def test_a_file_that_nobody_can_read_fails_with_its_reason(server: ApiServer, sender: httpx.Client) -> None:
    """The reason is in the upload, and no finding is kept."""
    upload = sender.post("/v1/imports", params={"name": "bad.json"}, content=b"a letter").json()
    with pytest.raises(InputError):
        run_import(server, upload["id"])
    failed = sender.get(f"/v1/imports/{upload['id']}", headers={"Prefer": "wait=5"}).json()
    assert failed["status"] == "failed"
    assert failed["failure"].startswith("bad.json is not a known finding format")


def test_quarantined_records_are_listed_by_upload(server: ApiServer, sender: httpx.Client) -> None:
    """Reason, place and text of each bad record, page by page."""
    bad = [ocsf_record(number) | {"status_code": None, "cloud": None, "resources": None} for number in (3, 4, 5)]
    upload = sender.post("/v1/imports", params=NAME, content=array_text([ocsf_record(2), *bad])).json()
    run_import(server, upload["id"])
    result = sender.get(f"/v1/imports/{upload['id']}").json()
    page = sender.get(f"/v1/imports/{upload['id']}/quarantine", params={"limit": 2, "offset": 1}).json()
    assert (result["records_quarantined"], page["pagination"]["total"]) == (3, 3)
    assert len(page["records"]) == 2
    assert all(record["reason"] and record["raw_text"] for record in page["records"])
    assert page["records"][0]["byte_offset"] < page["records"][1]["byte_offset"]


def test_uploads_are_the_organisations_own(server: ApiServer, sender: httpx.Client) -> None:
    """Another organisation sees and lists nothing; a key without the scope may not upload; without a key 401."""
    upload = sender.post("/v1/imports", params=NAME, content=SCAN).json()
    stranger = server.client(organization=f"{server.organization}-b", scopes=SCOPES)
    for path in ("", "/quarantine"):
        assert stranger.get(f"/v1/imports/{upload['id']}{path}").status_code == 404
    assert stranger.get("/v1/imports").json()["imports"] == []
    reader = server.client(scopes=["reports:read"])
    assert reader.post("/v1/imports", params=NAME, content=SCAN).status_code == 403
    assert server.bare_client().post("/v1/imports", params=NAME, content=SCAN).status_code == 401
    assert len(landed(server)) == 1


def test_more_open_uploads_than_allowed_wait_outside(server: ApiServer, sender: httpx.Client) -> None:
    """429 with the time to wait, and nothing is stored; other organisations go on."""
    most = server.settings.max_open_uploads
    for number in range(most):
        sent = sender.post("/v1/imports", params=NAME, content=array_text([ocsf_record(number)]))
        assert sent.status_code == 202
    refused = sender.post("/v1/imports", params=NAME, content=SCAN)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert len(landed(server)) == most
    other = server.client(organization=f"{server.organization}-b", scopes=SCOPES)
    assert other.post("/v1/imports", params=NAME, content=SCAN).status_code == 202


def test_a_body_above_the_limit_is_refused_without_reading_it(server: ApiServer) -> None:
    """By its Content-Length at once, and without one when the limit is passed; other routes keep theirs."""
    settings = server.settings.model_copy(update={"max_upload_bytes": 2 << 20})
    app = create_app(settings)
    _, client = server.keyed_client(scopes=SCOPES)
    key = client.headers["Authorization"]
    for url in serve(app):
        small = httpx.Client(base_url=url, headers={"Authorization": key}, trust_env=False, verify=NO_TLS, timeout=60)
        with small:
            assert small.post("/v1/imports", params=NAME, content=b" " * (3 << 20)).status_code == 413
            chunked = small.post("/v1/imports", params=NAME, content=(b" " * (1 << 20) for _ in range(3)))
            assert chunked.status_code == 413
            assert small.post("/v1/waivers", content=b" " * (1 << 21)).status_code == 413
    assert landed(server) == []


def test_a_cut_upload_leaves_nothing(server: ApiServer, sender: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client leaves in the middle, or drips: no file, no upload, and the next one is taken."""
    monkeypatch.setattr(connection_limits, "RECEIVE_SECONDS", 0.5)
    address = urlsplit(server.url)
    head = (
        f"POST /v1/imports?name=a.json HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
        f"Authorization: {sender.headers['Authorization']}\r\n\r\n"
    )
    for is_leaving in (True, False):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(head.encode() + b"[" * 1000)
            if not is_leaving:
                assert connection.recv(100) == b""  # the server ended it
    assert sender.get("/v1/imports").json()["imports"] == []
    assert landed(server) == []
    assert sender.post("/v1/imports", params=NAME, content=SCAN).status_code == 202
