"""Evidence files over the API: attached before the approval by whoever may write, never changed, downloaded whole."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer

SCOPES = ["findings:write", "reports:read"]
PDF = b"%PDF-1.7 minutes of the board"


def request_statement(server: ApiServer, client: httpx.Client) -> str:
    """A request that waits for approval; its id."""
    until = (server.clock() + timedelta(days=300)).strftime("%Y-%m-%dT%H:%M:%SZ")
    scope = {"framework": "soc2", "requirements": ["CC1.2"]}
    body = {"statement": "met", "scope": scope, "reason": "the board met", "until": until, "role": "Secretary"}
    made = client.post("/v1/attestations", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def attach(client: httpx.Client, id_: str, content: bytes = PDF, name: str = "minutes.pdf") -> httpx.Response:
    """The answer to an upload as the body."""
    headers = {"Content-Type": "application/octet-stream"}
    return client.post(f"/v1/attestations/{id_}/evidence", params={"name": name}, content=content, headers=headers)


@pytest.fixture
def asker(server: ApiServer) -> httpx.Client:
    """The key that requests."""
    return server.client(scopes=SCOPES)


def test_a_file_is_attached_shown_and_downloaded(server: ApiServer, asker: httpx.Client) -> None:
    """With its digest and who attached it; the same bytes again change nothing; a path is no part of the name."""
    id_ = request_statement(server, asker)
    digest = hashlib.sha256(PDF).hexdigest()
    first = attach(asker, id_, name="C:\\board\\minutes.pdf")
    assert first.status_code == 201, first.text
    assert attach(asker, id_).json()["evidence"] == first.json()["evidence"]
    (file,) = asker.get(f"/v1/attestations/{id_}").json()["evidence"]
    assert (file["name"], file["sha256"], file["size_bytes"], file["media_type"]) == (
        "minutes.pdf", digest, len(PDF), "application/pdf",
    )  # fmt: skip
    form = asker.post(f"/v1/attestations/{id_}/evidence", files={"file": ("notes.txt", b"notes")})
    assert [each["name"] for each in form.json()["evidence"]] == ["minutes.pdf", "notes.txt"]
    answer = asker.get(f"/v1/attestations/{id_}/evidence/{digest}")
    assert (answer.content, answer.headers["X-Checksum-SHA256"]) == (PDF, digest)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="minutes.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_is_attached_after_the_approval(server: ApiServer, asker: httpx.Client) -> None:
    """The approver has seen what there is: a further file is refused, after a revocation, too. The role is kept."""
    id_ = request_statement(server, asker)
    attach(asker, id_)
    approver = server.client(scopes=SCOPES)
    approved = approver.post(f"/v1/attestations/{id_}/approve", json={"role": "Head of audit"}).json()
    assert (approved["requester_role"], approved["approver_role"]) == ("Secretary", "Head of audit")
    late = attach(asker, id_, b"%PDF-other")
    assert (late.status_code, late.json()["error_code"]) == (409, "RPT_003")
    asker.delete(f"/v1/attestations/{id_}")
    assert attach(asker, id_, b"%PDF-other").status_code == 409
    assert len(asker.get(f"/v1/attestations/{id_}").json()["evidence"]) == 1


def test_an_approval_names_the_evidence_that_was_seen(server: ApiServer, asker: httpx.Client) -> None:
    """A file that came after the approver looked is named, and nothing is approved; the audit log has the digests."""
    id_ = request_statement(server, asker)
    attach(asker, id_)
    seen = hashlib.sha256(PDF).hexdigest()
    late = b"%PDF-late"
    attach(asker, id_, late, name="late.pdf")
    unseen = hashlib.sha256(late).hexdigest()
    approver, url = server.client(scopes=SCOPES), f"/v1/attestations/{id_}/approve"
    for given, word in (([seen], unseen), ([], min(seen, unseen)), ([seen, unseen, "0" * 64], "0" * 64)):
        refused = approver.post(url, json={"evidence": given})
        assert (refused.status_code, refused.json()["error_code"]) == (409, "RPT_003")
        assert word in refused.json()["error_description"]
        assert asker.get(f"/v1/attestations/{id_}").json()["approver"] is None
    assert approver.post(url, json={"evidence": ["x"]}).json()["details"][0]["field"] == "evidence.0"
    assert approver.post(url, json={"evidence": [unseen, seen]}).status_code == 200
    admin = server.client(scopes=["admin"])
    events = admin.get("/v1/audit-trail", params={"action": "attestation_approved"}).json()["records"]
    (named,) = [each["details"]["evidence"] for each in events if "evidence" in each["details"]]
    assert set(named) == {seen, unseen}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PDF, "minutes.exe"),
        (b"<script>alert(1)</script>", "page.html"),
        (b"<svg onload='alert(1)'/>", "picture.svg"),
        (b"MZ\x90\x00 a program", "minutes.pdf"),
        (b"text\x00with NUL", "notes.txt"),
        (PDF, ""),
        (PDF, "line\nbreak.pdf"),
        (b"", "minutes.pdf"),
    ],
)
def test_files_of_other_types_are_refused(server: ApiServer, asker: httpx.Client, content: bytes, name: str) -> None:
    """By extension and by content; nothing is kept."""
    id_ = request_statement(server, asker)
    assert attach(asker, id_, content, name).status_code == 400
    assert asker.get(f"/v1/attestations/{id_}").json()["evidence"] == []


def test_a_file_above_the_limit_is_refused(server: ApiServer, asker: httpx.Client) -> None:
    """413 while it arrives, whether or not the client announces its size."""
    id_ = request_statement(server, asker)
    size = server.settings.max_evidence_bytes + 1
    assert attach(asker, id_, b"%PDF-".ljust(size, b" ")).status_code == 413
    assert asker.get(f"/v1/attestations/{id_}").json()["evidence"] == []


def test_files_are_the_organisations_own(server: ApiServer, asker: httpx.Client) -> None:
    """Another organisation can neither attach nor download; a key that only reads cannot attach."""
    id_ = request_statement(server, asker)
    attach(asker, id_)
    digest = hashlib.sha256(PDF).hexdigest()
    other = server.client(organization=f"{server.organization}-other", scopes=["admin"])
    assert attach(other, id_, b"%PDF-other").status_code == 404
    assert other.get(f"/v1/attestations/{id_}/evidence/{digest}").status_code == 404
    reader = server.client(scopes=["reports:read"])
    assert attach(reader, id_, b"%PDF-other").status_code == 403
    assert reader.get(f"/v1/attestations/{id_}/evidence/{digest}").content == PDF
    assert reader.get(f"/v1/attestations/{id_}/evidence/{'0' * 64}").status_code == 404
    assert reader.get(f"/v1/attestations/{id_}/evidence/..%2f..%2fkeys").status_code in {400, 404}


def test_the_client_attaches_and_downloads(server: ApiServer, asker: httpx.Client, tmp_path: Path) -> None:
    """``policycortex_client`` compares the digest of what it downloads."""
    id_ = request_statement(server, asker)
    _, token = server.registry.keys.create_key(organization=server.organization, name="client", scopes=SCOPES)
    path = tmp_path / "minutes.pdf"
    path.write_bytes(PDF)
    with Client(server.url, token, attempts=1) as api:
        made = api.attach_evidence(id_, path)
        assert api.download_evidence(id_, made.evidence[0]) == PDF
        api.approve_attestation(id_, role="Auditor")
        with pytest.raises(ApiError) as refused:
            api.attach_evidence(id_, path)
        assert refused.value.status == 409
        found: dict[str, Any] = dict(api.get_attestation(id_).raw)
        assert found["approver_role"] == "Auditor"
