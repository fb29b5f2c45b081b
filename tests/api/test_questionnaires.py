"""Questionnaires over the API: exported, filled in, imported as a whole; each organisation's own, four eyes as ever."""

from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer

SCOPES = ["findings:write", "reports:read"]
URL = "/v1/frameworks/soc2/questionnaire"
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def asker(server: ApiServer) -> httpx.Client:
    """The key that requests."""
    return server.client(scopes=SCOPES)


def export(client: httpx.Client) -> bytes:
    """The questionnaire of SOC 2; all are open, as the organisation has no findings."""
    answer = client.get(URL, timeout=60)
    assert answer.status_code == 200, answer.text
    assert "questionnaire-soc2-" in answer.headers["Content-Disposition"]
    return answer.content


def filled(content: bytes, server: ApiServer, *rows: int, **cells: Any) -> bytes:  # noqa: ANN401 - values of cells
    """The workbook with ``met`` in some rows, valid for a year, and with other cells."""
    book = openpyxl.load_workbook(BytesIO(content))
    sheet = book["Requirements"]
    until = server.clock().date().replace(day=1).replace(year=server.clock().year + 1)
    for row in rows:
        sheet[f"F{row}"], sheet[f"G{row}"], sheet[f"I{row}"] = "Met", "Reviewed", until
    for cell, value in cells.items():
        sheet[cell].value = value
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_filled_questionnaire_becomes_requests_once(server: ApiServer, asker: httpx.Client) -> None:
    """The second import adds nothing, by another key neither; a changed row is a new request; another key approves."""
    empty = export(asker)
    names = [row[0] for row in openpyxl.load_workbook(BytesIO(empty))["Requirements"].iter_rows(2, values_only=True)]
    assert len([name for name in names if name]) == 61
    book = filled(empty, server, 2, 3)
    first = asker.post(URL, content=book, headers=OCTETS)
    assert first.status_code == 200, first.text
    made = first.json()["requested"]
    assert [each["scope"]["requirements"] for each in made] == [[names[0]], [names[1]]]
    assert (first.json()["unchanged"], first.json()["empty_rows"]) == ([], 59)
    again = server.client(scopes=SCOPES).post(URL, files={"file": ("q.xlsx", book)}).json()
    assert (again["requested"], [each["id"] for each in again["unchanged"]]) == ([], [each["id"] for each in made])
    changed = asker.post(URL, content=filled(book, server, G2="Reviewed again"), headers=OCTETS).json()
    assert (len(changed["requested"]), len(changed["unchanged"])) == (1, 1)
    assert asker.post(f"/v1/attestations/{made[0]['id']}/approve").status_code == 409
    assert server.client(scopes=SCOPES).post(f"/v1/attestations/{made[0]['id']}/approve").status_code == 200
    asker.delete(f"/v1/attestations/{made[1]['id']}")
    after = asker.post(URL, content=book, headers=OCTETS).json()
    assert [each["scope"]["requirements"] for each in after["requested"]] == [[names[1]]]
    waiting = openpyxl.load_workbook(BytesIO(export(asker)))["Requirements"]
    assert "Waits for approval: met" in str(waiting["E2"].value)


def test_one_bad_cell_and_nothing_is_imported(server: ApiServer, asker: httpx.Client) -> None:
    """400 with the cell; the good rows are not requested."""
    book = filled(export(asker), server, 2, 3, F4="Perhaps", G4="x", H4="=TODAY()")
    answer = asker.post(URL, content=book, headers=OCTETS)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001")
    found: list[dict[str, Any]] = answer.json()["details"]
    assert {each["field"] for each in found} == {f"Requirements!{cell}" for cell in ("F4", "H4", "I4")}
    assert asker.get("/v1/attestations").json()["attestations"] == []
    size = server.settings.max_evidence_bytes + 1
    assert asker.post(URL, content=b"PK".ljust(size), headers=OCTETS).status_code == 413


def test_a_questionnaire_is_the_organisations_own(server: ApiServer, asker: httpx.Client) -> None:
    """Another organisation's workbook is refused; a rotated key cannot approve; a key that reads cannot import."""
    book = filled(export(asker), server, 2)
    other = server.client(organization=f"{server.organization}-other", scopes=["admin"])
    refused = other.post(URL, content=book, headers=OCTETS)
    assert [each["field"] for each in refused.json()["details"]] == ["About!B4"]
    assert other.get("/v1/attestations").json()["attestations"] == []
    assert server.client(scopes=["reports:read"]).post(URL, content=book, headers=OCTETS).status_code == 403
    key, old = server.keyed_client(scopes=SCOPES)
    id_ = old.post(URL, content=book, headers=OCTETS).json()["requested"][0]["id"]
    _, token = server.registry.keys.rotate_key(key.id, now=server.clock())
    rotated = server.bare_client({"Authorization": f"Bearer {token}"})
    assert rotated.post(f"/v1/attestations/{id_}/approve").status_code == 409
    unknown = asker.get("/v1/frameworks/soc3/questionnaire")
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "RPT_006")


def test_the_client_downloads_and_imports(server: ApiServer, tmp_path: Path) -> None:
    """``policycortex_client`` has the same steps, and its error has the cells."""
    _, token = server.registry.keys.create_key(organization=server.organization, name="client", scopes=SCOPES)
    path = tmp_path / "q.xlsx"
    with Client(server.url, token, attempts=1) as api:
        path.write_bytes(filled(api.download_questionnaire("soc2", every=True), server, 2))
        done = api.import_questionnaire("soc2", path)
        assert (len(done.requested), done.empty_rows) == (1, 60)
        path.write_bytes(filled(path.read_bytes(), server, I2="soon"))
        with pytest.raises(ApiError) as refused:
            api.import_questionnaire("soc2", path)
    assert refused.value.status == 400
    assert "Requirements!I2" in str(refused.value)
