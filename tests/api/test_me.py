"""What a key learns of itself."""

from tests.support.api_server import ApiServer


def test_a_key_learns_its_organisation_scopes_and_limits(server: ApiServer) -> None:
    """Also one that may do nothing else that this route is for."""
    key, client = server.keyed_client(scopes=["findings:write"])
    found = client.get("/v1/me").json()
    assert (found["key"]["id"], found["key"]["name"], found["key"]["prefix"]) == (key.id, "test", key.prefix)
    assert (found["organization"], found["scopes"], found["person"]) == (server.organization, ["findings:write"], None)
    assert found["is_sandbox"] is False
    limits = found["limits"]
    assert (limits["requests"], limits["window_seconds"]) == (60_000, 60)
    assert (limits["upload_bytes"], limits["open_uploads"]) == (
        server.settings.max_upload_bytes,
        server.settings.max_open_uploads,
    )
    token = client.headers["Authorization"].removeprefix("Bearer ")
    assert token not in client.get("/v1/me").text


def test_without_a_key_it_is_refused(server: ApiServer) -> None:
    """401, as everywhere."""
    assert server.bare_client().get("/v1/me").status_code == 401


def test_a_sandbox_key_says_so(server: ApiServer) -> None:
    """Its organisation is the sandbox."""
    assert server.client(organization="sandbox").get("/v1/me").json()["is_sandbox"] is True
