"""The overview over HTTP: progress with its causes, overdue findings, silent accounts; one organisation's only."""

import secrets
from dataclasses import replace
from datetime import timedelta

from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.posture import rebuild_days, score_days
from policycortex_client import Client
from tests.support.api_server import ApiServer
from tests.support.samples.lake import finding, import_findings

RELATIONS = '{"SOC2":["cc_6_1"]}'


def test_an_organisation_at_a_glance(running_server: ApiServer) -> None:
    """Three days: 2 of 4 passed, then 3 of 4; a critical one fails for 20 days; one of two accounts went silent."""
    running_server.clock.reset()
    server = replace(running_server, organization=f"glance-{secrets.token_hex(4)}", clients=[])
    today = server.clock().date()
    days = [today - timedelta(days=ago) for ago in (20, 10, 1)]
    with open_lake(server.settings) as lake:
        for number, day in enumerate(days):
            fixed = "PASS" if number else "FAIL"
            found = [
                finding(day, "c1", "r1", "FAIL", severity="critical", relations=RELATIONS),
                finding(day, "c1", "r2", fixed, relations=RELATIONS),
                finding(day, "c1", "r3", "PASS", relations=RELATIONS),
            ]
            if number < 2:
                found.append(finding(day, "c1", "x", "PASS", account="quiet", relations=RELATIONS))
            import_findings(lake, found, organization=server.organization)
    rebuild_days(server.settings, days)
    score_days(server.settings, days)
    rebuild_analytics(server.settings, days)
    with Client(server.url, api_key=server.client().headers["authorization"].removeprefix("Bearer ")) as client:
        body = client.get_overview()
    assert (body["start_date"], body["end_date"]) == (str(days[2] - timedelta(days=35)), str(days[2]))
    soc2 = next(each for each in body["frameworks"] if each["framework"] == "soc2")
    assert (soc2["compliance_score"], soc2["change_points"], soc2["assessed"]) == (75.0, 25.0, 4)
    assert {cause["cause"]: (cause["findings"], cause["points"]) for cause in soc2["causes"] if cause["points"]} == {
        "fixed": (1, 25.0)
    }
    assert [day["compliance_score"] for day in soc2["days"]] == [50.0, 75.0, 75.0]
    assert (soc2["requirements_met"], soc2["requirements_assessed"], soc2["requirements_met_change"]) == (0, 1, 0)
    critical = next(age for age in body["ages"] if age["severity"] == "critical")
    assert (critical["failing"], critical["overdue"], critical["oldest_days"]) == (1, 1, 20)
    [silent] = body["silent_accounts"]
    assert (silent["account_id"], silent["last_scan_on"]) == ("quiet", str(days[1]))
    [scan] = body["scans"]
    assert (scan["date"], scan["accounts"], scan["checks"]) == (str(days[2]), 1, 1)
    for opened in server.clients:
        opened.close()


def test_without_findings_there_is_nothing_to_show(running_server: ApiServer) -> None:
    """An organisation that imported nothing sees nothing of the others."""
    server = replace(running_server, organization=f"empty-{secrets.token_hex(4)}", clients=[])
    with server.client() as client:
        assert client.get("/v1/analytics/overview").json() == {
            "start_date": None,
            "end_date": None,
            "frameworks": [],
            "ages": [],
            "silent_accounts": [],
            "scans": [],
        }
