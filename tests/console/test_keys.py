"""Keys, people and connections in the console: for admins only, a secret is shown once."""

import re
import secrets

from policycortex.security.web_access import WebRole
from tests.console.conftest import ConsoleServer, Visitor


def test_a_key_is_made_shown_once_rotated_and_revoked(console: ConsoleServer, visitor: Visitor) -> None:
    """Its secret signs in with these rights; the page has it only in the answer to the form."""
    name = f"Nightly {secrets.token_hex(4)}"
    made = visitor.submit("/keys", {"name": name, "scopes": ["reports:read", "findings:write"]})
    assert made.status_code == 200, made.text
    [secret] = re.findall(r'value="(sk_live_[^"]+)"', made.text)
    [key_id] = re.findall(r">(key_[0-9a-f]+): findings:write, reports:read<", made.text)
    page = visitor.get("/keys").text
    assert name in page
    assert secret not in page
    signed_in = console.browser()
    assert signed_in.post("/sign-in", data={"secret": secret}).status_code == 303
    assert signed_in.get("/keys").status_code == 403
    assert "Keys and people" not in signed_in.get("/imports").text
    rotated = visitor.submit(f"/keys/{key_id}/rotate", {})
    [second] = re.findall(r'value="(sk_live_[^"]+)"', rotated.text)
    assert second != secret
    assert visitor.submit(f"/keys/{key_id}/revoke", {}).status_code == 303
    assert "is-revoked" in visitor.get("/keys").text
    assert signed_in.get("/imports").status_code == 303, "the session of a revoked key has ended"
    assert visitor.submit(f"/keys/{key_id}/rotate", {}).status_code == 409


def test_a_key_with_wrong_fields_is_not_made(visitor: Visitor) -> None:
    """The form comes back with its values and what is wrong."""
    answer = visitor.submit("/keys", {"name": "Wrong", "scopes": ["reports:read"], "networks": "mars"})
    assert answer.status_code == 400
    assert 'value="mars"' in answer.text
    assert "is not an address or CIDR block" in answer.text
    assert 'value="sk_live_' not in answer.text


def test_people_of_the_organisation_are_listed_with_their_role(console: ConsoleServer, visitor: Visitor) -> None:
    """Somebody else's access can be ended, one's own cannot; another organisation's people are not there."""
    person = console.api.registry.keys.ensure_person(
        organization=console.api.organization,
        subject=f"test:{secrets.token_hex(4)}",
        name="Grace Hopper",
        scopes=["reports:read"],
        now=console.api.clock(),
    )
    page = visitor.get("/keys").text
    assert "Grace Hopper" in page
    assert '<td data-label="Role">Auditor' in page
    assert f'action="/keys/{visitor.key.id}/revoke"' not in page
    stranger = console.sign_in(organization=f"{console.api.organization}-other")
    assert "Grace Hopper" not in stranger.get("/keys").text
    assert stranger.submit(f"/keys/{person.id}/revoke", {}).status_code == 404
    assert visitor.submit(f"/keys/{person.id}/revoke", {}).status_code == 303
    assert not console.api.registry.keys.get_key(person.id).is_valid_at(console.api.clock())


def test_connections_are_for_admins_and_say_what_to_do(console: ConsoleServer, visitor: Visitor) -> None:
    """Without one the page says how to make it; a reader sees the health of the parts alone."""
    assert "No connection is configured" in visitor.get("/health").text
    assert visitor.submit("/health/connections/none/test", {}).status_code == 404
    reader = console.sign_in("reports:read", role=WebRole.VIEWER)
    page = reader.get("/health").text
    assert "Registry" in page
    assert "No connection is configured" not in page
