"""Files that people upload: frameworks with what is wrong in them, and evidence of attestations."""

import re
import secrets

from policycortex_console.forms import MAX_FORM_BYTES
from tests.console.conftest import ConsoleServer, Visitor, form_token

_WRONG = b"""
id: acme_rules
name: Rules of Acme
version: "1"
requirements:
  - {id: "1.1", title: "", section: Storage, checks: {aws: [7]}}
"""


def _upload(visitor: Visitor, name: str, content: bytes) -> tuple[int, str, str]:
    """Upload a framework file: status, where it goes on, and the page."""
    token = form_token(visitor.get("/controls").text)
    answer = visitor.client.post("/controls", data={"form_token": token}, files={"file": (name, content)})
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_a_framework_is_uploaded_and_its_problems_are_named_by_place(visitor: Visitor) -> None:
    """A wrong file lists each place and saves nothing; the mended one is a framework of the organisation."""
    status, _, page = _upload(visitor, "rules<b>.yaml", _WRONG)
    assert status == 400
    plain = page.replace("<wbr>", "")
    assert "<code>requirements[0].title</code>: must not be empty" in plain
    assert "<code>requirements[0].checks.aws[0]</code>: must be text" in plain
    assert "rules&lt;b&gt;.yaml cannot be used." in page
    assert "Rules of Acme" not in visitor.get("/controls").text
    status, location, _ = _upload(
        visitor, "rules.yaml", _WRONG.replace(b'title: ""', b"title: Private").replace(b"7", b"c1")
    )
    assert (status, location.split("?")[0]) == (303, "/controls/acme_rules")
    assert "Rules of Acme" in visitor.get("/controls").text
    assert "1.1" in visitor.get(location).text


def test_a_framework_file_is_refused_before_it_fills_the_memory(console: ConsoleServer, visitor: Visitor) -> None:
    """Too large, another site's form, and a person who may only read: nothing is saved."""
    token = form_token(visitor.get("/controls").text)
    large = visitor.client.post(
        "/controls", data={"form_token": token}, files={"file": ("a.yaml", b"#" * (MAX_FORM_BYTES + 1))}
    )
    assert large.status_code == 413
    assert "This is too large" in large.text
    assert (
        visitor.client.post("/controls", data={"form_token": "0"}, files={"file": ("a.yaml", _WRONG)}).status_code
        == 403
    )
    reader = console.sign_in("reports:read")
    assert 'type="file"' not in reader.get("/controls").text
    assert _upload(reader, "rules.yaml", _WRONG)[0] == 403


def test_evidence_is_attached_by_one_person_and_approved_by_another(console: ConsoleServer, visitor: Visitor) -> None:
    """The approval covers the files that were shown: one that came since refuses it. Files are given back as sent."""
    mark = secrets.token_hex(4)
    made = visitor.submit(
        "/attestations",
        {
            "statement": "met",
            "framework": "soc2",
            "requirements": "CC1.1",
            "reason": f"Minutes {mark}",
            "until": "2027-06-30",
        },
    )
    path = str(made.headers["location"]).split("?", maxsplit=1)[0]
    page = visitor.get(path).text
    assert "No file is attached." in page
    assert "30 Jun 2027" in page
    [action] = re.findall(r'action="(/attestations/[^"]+/evidence\?form_token=[0-9a-f]+)"', page)
    refused = visitor.client.post(f"{path}/evidence?form_token=0", files={"file": ("a.txt", b"x")})
    assert refused.status_code == 403
    wrong = visitor.client.post(action, files={"file": ("page.html", b"<script>alert(1)</script>")})
    assert wrong.status_code == 400
    assert 'role="alert"' in wrong.text
    assert visitor.client.post(action, files={"file": ("minutes.txt", mark.encode())}).status_code == 303
    second = console.sign_in()
    seen = second.get(path).text
    [digest] = re.findall(r'name="seen" value="([0-9a-f]{64})"', seen)
    file = second.get(f"{path}/evidence/{digest}")
    assert (file.content, "minutes.txt" in file.headers["content-disposition"]) == (mark.encode(), True)
    assert visitor.client.post(action, files={"file": ("later.txt", b"later")}).status_code == 303
    late = second.submit(f"{path}/approve", {"seen": ["", digest]})
    assert late.status_code == 409
    assert 'role="alert"' in late.text
    digests = re.findall(r'name="seen" value="([0-9a-f]{64})"', second.get(path).text)
    assert second.submit(f"{path}/approve", {"seen": ["", *digests], "role": "CISO"}).status_code == 303
    approved = visitor.get(path).text
    assert "is-active" in approved
    assert "CISO" in approved
    assert 'type="file"' not in approved
    assert second.submit(f"{path}/end", {}).status_code == 303
    assert "is-revoked" in visitor.get(path).text
    stranger = console.sign_in(organization=f"{console.api.organization}-other")
    assert stranger.get(path).status_code == 404
    assert stranger.get(f"{path}/evidence/{digest}").status_code == 404
