"""A clock that jumps: what has a time ends or returns with it, and the audit log stays one chain."""

from datetime import timedelta
from typing import Any

import httpx

from policycortex.workflow.audit_export import check_audit_log
from tests.support.api_server import ApiServer


def test_a_clock_that_jumps_breaks_nothing(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """Attack: the clock is set ten years ahead and back again, in a folder and on Postgres with object storage.

    A link is expired while the clock is ahead and works again afterwards; requests are accepted throughout, a repeated
    one is not doubled, and each record of the audit log follows the one before it, whatever its time says.
    """
    headers = {"Idempotency-Key": "before-the-jump"}
    report_id = client.post("/v1/reports", json=order, headers=headers).json()["id"]
    server.complete(report_id)
    link = client.post(f"/v1/reports/{report_id}/download-link", json={"format": "pdf"}).json()["url"]
    stranger = server.bare_client()
    for span, status in ((3650, 404), (-3650, 200), (-3650, 200), (3650, 200)):
        server.clock.pass_by(timedelta(days=span))
        assert stranger.get(link).status_code == status
        assert client.get(f"/v1/reports/{report_id}").status_code == 200
        assert client.get("/v1/reports").status_code == 200
    assert client.post("/v1/reports", json=order, headers=headers).json()["id"] == report_id
    server.app.state.services.write_ahead_log.flush()
    assert check_audit_log(server.settings, server.registry, server.organization) == ()
