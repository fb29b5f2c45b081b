"""A preview of a report: the counts that the report will have, its warnings, and nothing that is left behind."""

from typing import Any

import pytest

from policycortex.storage.lake.lake import open_lake
from tests.support.api_server import ApiServer
from tests.support.history import DAYS
from tests.support.samples.lake import finding, import_findings

PATH = "/v1/reports/preview"
WEEK: dict[str, Any] = {"date_range_type": "last_7_days"}
BODY: dict[str, Any] = {"name": "Preview", "type": "compliance", "framework": "soc2", "scope": WEEK}


def test_the_counts_are_those_of_the_newest_scan(analysed: ApiServer) -> None:
    """15 of 16 findings pass, all of them in one account; the counts of requirements add up."""
    found = analysed.client().post(PATH, json=BODY, timeout=60).json()
    assert found["findings"] == {"passed": 15, "failed": 1, "manual": 0, "muted": 0, "waived": 0}
    assert (found["findings_total"], found["findings_in_scope"], found["accounts_total"]) == (DAYS, DAYS, 1)
    assert found["accounts"] == [{"account_id": "acc", "environments": ["production"], "findings": DAYS}]
    [soc2] = found["requirements"]
    assert (soc2["framework"], soc2["results"]["non_compliant"]) == ("soc2", 1)
    assert sum(soc2["results"].values()) == soc2["total"]
    assert (found["missing_scans"], found["warnings"]) == ([], [])
    assert (found["period"]["timezone"], found["formats"]) == ("UTC", ["pdf"])


def test_several_frameworks_have_an_entry_each(analysed: ApiServer) -> None:
    """Each with its own requirements; the findings of SOC 2 are counted once."""
    several = {"name": "Both", "type": "audit", "frameworks": ["soc2", "hipaa"], "scope": WEEK}
    found = analysed.client().post(PATH, json=several, timeout=60).json()
    alone = analysed.client().post(PATH, json=BODY, timeout=60).json()
    assert (found["framework"], found["frameworks"]) == ("soc2+hipaa", ["soc2", "hipaa"])
    assert [each["framework"] for each in found["requirements"]] == ["soc2", "hipaa"]
    assert found["requirements"][0] == alone["requirements"][0]
    assert found["findings_total"] == DAYS


def test_what_was_scanned_before_the_period_only_is_missing(analysed: ApiServer) -> None:
    """A period that begins after the last scan has no findings, and names the target that is missing."""
    end = analysed.clock().isoformat()
    start = analysed.clock().replace(hour=0, minute=0, second=0, microsecond=0).isoformat()
    body = BODY | {"scope": {"date_range": {"start": start, "end": end}}}
    found = analysed.client().post(PATH, json=body, timeout=60).json()
    assert (found["findings_total"], found["accounts"], found["missing_scans_total"]) == (0, [], 1)
    [missing] = found["missing_scans"]
    assert missing["account_id"] == "acc"
    assert missing["last_scan_at"] < found["period"]["start"]


def test_warnings_are_those_of_the_request(analysed: ApiServer) -> None:
    """Nothing is in scope, and a channel has no connection: both are shown before anything is requested."""
    delivery = {"notifications": {"email": ["board@example.com"]}}
    body = BODY | {"scope": WEEK | {"regions": ["mars"]}, "delivery": delivery}
    client = analysed.client()
    found = client.post(PATH, json=body, timeout=60).json()["warnings"]
    assert [each["code"] for each in found] == ["nothing_in_scope", "unknown_connection"]
    assert client.post("/v1/reports", json=body, timeout=60).json()["warnings"] == found


def test_imports_that_are_not_evaluated_are_reported(server: ApiServer) -> None:
    """The report will evaluate them first; they do not count in the preview."""
    client = server.client()
    assert client.post(PATH, json=BODY, timeout=60).json()["is_current"] is True
    with open_lake(server.settings) as lake:
        import_findings(lake, [finding(server.clock().date())], organization=server.organization)
    body = BODY | {"scope": {"date_range_type": "month_to_date"}}
    found = client.post(PATH, json=body, timeout=60).json()
    assert (found["is_current"], found["findings_in_scope"]) == (False, 0)


def test_nothing_is_made(server: ApiServer, order: dict[str, Any]) -> None:
    """No report, no delivery and no run: also where the body asks for a delivery."""
    client = server.client()
    found = client.post(PATH, json=order, timeout=60)
    assert (found.status_code, found.json()["name"]) == (200, order["name"])
    assert client.get("/v1/reports").json()["pagination"]["total"] == 0
    assert client.get("/v1/deliveries").json()["pagination"]["total"] == 0
    assert server.launcher.launched == []


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [({"framework": "soc3"}, 400, "framework"), ({"scope": {"regoins": ["eu"]}}, 400, "scope.regoins")],
)
def test_a_body_that_a_request_refuses_is_refused(
    server: ApiServer, change: dict[str, Any], status: int, field: str
) -> None:
    """With the same details."""
    answers = [server.client().post(path, json=BODY | change) for path in (PATH, "/v1/reports")]
    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].json()["details"] == answers[1].json()["details"]
    assert answers[0].json()["details"][0]["field"] == field


def test_anothers_report_is_not_found(server: ApiServer, order: dict[str, Any]) -> None:
    """``from_report`` of another organisation is 404 as one that never was."""
    report_id = server.client().post("/v1/reports", json=order).json()["id"]
    server.complete(report_id)
    stranger = server.client(organization="preview-stranger")
    answers = [stranger.post(PATH, json={"from_report": id_}) for id_ in (report_id, "rpt_0000000000000000")]
    assert [answer.status_code for answer in answers] == [404, 404]
