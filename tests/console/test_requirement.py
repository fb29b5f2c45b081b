"""One requirement in the console: its checks, what people say of it, its history, and comments of reviewers."""

import re
import secrets

from tests.console.conftest import ConsoleServer
from tests.console.screens import FRAMEWORK, Filled

_PAGE = f"/controls/{FRAMEWORK}/requirement"


def test_a_requirement_shows_its_checks_statements_and_history(everything: Filled, console: ConsoleServer) -> None:
    """The check with counts leads to its findings; P1.1 has the statement that names it; the history has its days."""
    visitor = console.sign_in(organization=everything.organization)
    page = visitor.get(_PAGE, id="CC6.1").text
    assert "Storage is private" in page
    [address] = re.findall(r'href="(/findings\?[^"]*checks=storage_is_private[^"]*)"', page)
    findings = visitor.get(address.replace("&amp;", "&"))
    assert (findings.status_code, "4 shown of 4" in findings.text) == (200, True)
    assert "By scanners, on evaluated days." in page
    stated = visitor.get(_PAGE, id="P1.1").text
    assert f'href="/attestations/{everything.ids["attestation_id"]}"' in stated
    assert visitor.get(_PAGE, id="CC99").status_code == 404
    assert visitor.get(_PAGE).status_code == 404


def test_reviewers_comment_on_a_requirement(everything: Filled, console: ConsoleServer) -> None:
    """It stands there with author and role, as text; an empty one comes back; another organisation sees none."""
    visitor = console.sign_in(organization=everything.organization)
    remark = f"Sampled <b>five</b> buckets {secrets.token_hex(4)}"
    made = visitor.submit(f"{_PAGE}/comment", {"id": "CC6.1", "text": remark, "role": "Lead auditor"})
    assert made.status_code == 303, made.text
    page = visitor.get(_PAGE, id="CC6.1").text
    assert remark.replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;") in page
    assert "Ada, Lead auditor" in page
    wrong = visitor.submit(f"{_PAGE}/comment", {"id": "CC6.1", "text": " ", "role": "Lead auditor"})
    assert wrong.status_code == 400
    assert 'value="Lead auditor"' in wrong.text
    reader = console.sign_in("reports:read", organization=everything.organization)
    assert "Add the comment" not in reader.get(_PAGE, id="CC6.1").text
    assert reader.submit(f"{_PAGE}/comment", {"id": "CC6.1", "text": "x"}).status_code == 403
    stranger = console.sign_in(organization=f"{console.api.organization}-other")
    assert "buckets" not in stranger.get(_PAGE, id="CC6.1").text


def test_people_ask_and_answer_with_an_attestation(everything: Filled, console: ConsoleServer) -> None:
    """The form offers the attestations on that requirement; another organisation has neither page nor form."""
    visitor = console.sign_in(organization=everything.organization)
    sent = visitor.submit(f"{_PAGE}/evidence-request", {"id": "P1.1", "text": f"Show it {secrets.token_hex(4)}"})
    assert sent.status_code == 303, sent.text
    wrong = visitor.submit(f"{_PAGE}/evidence-request", {"id": "P1.1", "text": " ", "role": "Internal audit"})
    assert (wrong.status_code, wrong.text.count('value="Internal audit"')) == (400, 1)
    admin = console.api.client(organization=everything.organization, scopes=["admin"])
    query = {"framework": FRAMEWORK, "requirement": "P1.1", "status": "open", "limit": "1"}
    (request,) = admin.get("/v1/evidence-requests", params=query).json()["evidence_requests"]
    page, attestation = f"/evidence-requests/{request['id']}", everything.ids["attestation_id"]
    assert f'<option value="{attestation}"' in visitor.get(page).text
    answer = visitor.submit(f"{page}/answer", {"text": "In the files.", "attestation_id": attestation})
    assert answer.status_code == 303, answer.text
    assert f'href="/attestations/{attestation}"' in visitor.get(page).text
    stranger = console.sign_in(organization=f"{console.api.organization}-other")
    assert stranger.get(page).status_code == 404
    assert stranger.submit(f"{page}/answer", {"text": "x"}).status_code == 404
    assert visitor.submit(f"{page}/close", {}).status_code == 303
    assert "Closed by Ada" in visitor.get(page).text
