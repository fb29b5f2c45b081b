"""The example script: what scanners leave open is stated by two keys, and the score keeps every digit."""

import runpy
import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.posture import rebuild_days
from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer
from tests.support.samples.lake import finding, import_findings

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "examples/attest_open_requirements/attest.py"))
SCOPES = ["findings:write", "reports:read"]


def test_all_open_requirements_are_stated(running_server: ApiServer, tmp_path: Path) -> None:
    """One passes and one fails by scanner, 59 by people, none is open; one key alone cannot do it."""
    running_server.clock.reset()
    server = replace(running_server, organization=f"example-{secrets.token_hex(4)}", clients=[])
    day = server.clock().date() - timedelta(days=1)
    with open_lake(server.settings) as lake:
        found = [
            finding(day, check, check, status, relations=f'{{"SOC2":["{criterion}"]}}')
            for check, status, criterion in (
                ("c1", "PASS", "cc_6_1"),
                ("c2", "FAIL", "cc_6_2"),
                ("c3", "PASS", "cc_6_1"),
            )
        ]
        import_findings(lake, found, organization=server.organization)
    rebuild_days(server.settings, [day])
    tokens = [
        server.registry.keys.create_key(organization=server.organization, name=name, scopes=SCOPES)[1]
        for name in ("requests", "approves")
    ]
    minutes = tmp_path / "minutes.pdf"
    minutes.write_bytes(b"%PDF-1.7 minutes")
    until = (server.clock() + timedelta(days=300)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"crosswalk": "scanner", "reason": "Reviewed", "until": until, "evidence": [minutes]}
    with Client(server.url, tokens[0]) as requester, Client(server.url, tokens[1]) as approver:
        with pytest.raises(ApiError) as refused:
            SCRIPT["state_open"](requester, requester, "soc2", **given)
        assert refused.value.status == 409
        before, _ = SCRIPT["state_open"](requester, approver, "soc2", **given)
        server.clock.pass_by(timedelta(minutes=1))
        after = requester.get_posture("soc2", crosswalk="scanner")
    assert SCRIPT["describe"](before) == "2 by scanner, 0 by people, 59 open; compliance score 66.67"
    assert SCRIPT["describe"](after) == "2 by scanner, 59 by people, 0 open; compliance score 66.67"
    score = {each["model"]: (each["numerator"], each["denominator"]) for each in after["scores"]}
    assert (score["findings_pass_rate"], score["requirements_met"]) == ((2, 3), (60, 61))
