"""Keys over HTTP: made with a secret that is shown once, rotated, revoked; people; only for admins."""

import secrets
from datetime import timedelta

import pytest

from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer


def _client(server: ApiServer, secret: str) -> Client:
    return Client(server.url, api_key=secret)


def _refused(status: int) -> pytest.RaisesExc[ApiError]:
    """Expects the API to refuse with this status."""
    return pytest.raises(ApiError, match=rf"^{status} ")


def _admin(server: ApiServer) -> tuple[str, str]:
    """Id and secret of a key that may do everything."""
    key, client = server.keyed_client(scopes=["admin"])
    return key.id, client.headers["authorization"].removeprefix("Bearer ")


def test_a_key_is_made_used_rotated_and_revoked(server: ApiServer) -> None:
    """The secret is shown once; the old key ends after the overlap; a revoked one works no more; all is recorded."""
    maker, admin_secret = _admin(server)
    ends = (server.clock() + timedelta(days=30)).replace(microsecond=0)
    with _client(server, admin_secret) as admin:
        made = admin.create_key({"name": "Nightly", "scopes": ["reports:read"], "expires_at": ends.isoformat()})
        assert (made["kind"], made["status"], made["scopes"]) == ("key", "active", ["reports:read"])
        assert made["secret"].startswith(made["prefix"])
        assert "secret" not in admin.get_key(made["id"])
        assert made["id"] in {each["id"] for each in admin.iterate_keys()}
        with _client(server, made["secret"]) as nightly:
            assert nightly.get_me()["key"]["id"] == made["id"]
            with _refused(403):
                nightly.list_keys()
        rotated = admin.rotate_key(made["id"], overlap_hours=1)
        for secret in (made["secret"], rotated["secret"]):
            with _client(server, secret) as each:
                assert each.get_me()["scopes"] == ["reports:read"]
        server.clock.pass_by(timedelta(hours=2))
        assert admin.get_key(made["id"])["status"] == "expired"
        with _refused(409):
            admin.rotate_key(made["id"])
        admin.revoke_key(rotated["id"])
        admin.revoke_key(rotated["id"])
        assert admin.get_key(rotated["id"])["status"] == "revoked"
        fresh = admin.create_key({"name": "Short", "scopes": ["reports:read"]})
        admin.revoke_key(fresh["id"])
        with _client(server, fresh["secret"]) as ended, _refused(401):
            ended.get_me()
    with server.client(scopes=["admin"]) as reader:
        for action, subject in (
            ("key_created", made["id"]),
            ("key_rotated", made["id"]),
            ("key_revoked", rotated["id"]),
        ):
            found = reader.get("/v1/audit-trail", params={"action": action, "subject": subject}).json()["records"]
            assert {record["actor"] for record in found} == {maker}, action


def test_a_key_does_not_approve_what_its_maker_requested(server: ApiServer) -> None:
    """In approvals both count as one, so that nobody is their own second person."""
    _, secret = _admin(server)
    with _client(server, secret) as admin:
        made = admin.create_key({"name": "Second me", "scopes": ["findings:write"]})
        waiver = admin.request_waiver(
            {
                "scope": {"check": f"c{secrets.token_hex(4)}"},
                "reason": "accepted by the board",
                "until": (server.clock() + timedelta(days=30)).isoformat(),
            }
        )
    with _client(server, made["secret"]) as second, _refused(409):
        second.approve_waiver(waiver.id)


def test_people_are_listed_and_end_like_keys(server: ApiServer) -> None:
    """A person has no secret to rotate; the end of access is on record."""
    person = server.registry.keys.ensure_person(
        organization=server.organization,
        subject=f"test:{secrets.token_hex(4)}",
        name="Ada",
        scopes=["reports:read"],
        now=server.clock(),
    )
    _, secret = _admin(server)
    with _client(server, secret) as admin:
        assert person.id in {each["id"] for each in admin.iterate_keys(kind="person")}
        assert person.id not in {each["id"] for each in admin.iterate_keys()}
        with _refused(409):
            admin.rotate_key(person.id)
        admin.revoke_key(person.id)
        assert admin.get_key(person.id)["status"] == "revoked"


def test_wrong_keys_are_refused_with_their_fields(server: ApiServer) -> None:
    """Unknown scopes, wrong networks and times in the past are named; nothing is made."""
    _, secret = _admin(server)
    with _client(server, secret) as admin:
        before = admin.list_keys().total
        for body, field in (
            ({"name": "x", "scopes": ["everything"]}, "scopes"),
            ({"name": "x", "scopes": ["reports:read"], "networks": ["mars"]}, "networks"),
            ({"name": "x", "scopes": ["reports:read"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"scopes": ["reports:read"]}, "name"),
        ):
            with pytest.raises(ApiError, match=r"^400 ") as refusal:
                admin.create_key(body)
            assert field in {each.field for each in refusal.value.details}, body
        assert admin.list_keys().total == before


def test_connections_are_listed_without_secrets_and_tried(server: ApiServer) -> None:
    """Without a configuration there is none; an unknown name is not there."""
    _, secret = _admin(server)
    with _client(server, secret) as admin:
        assert admin.list_connections() == {"connections": []}
        with _refused(404):
            admin.test_connection("nobody")
