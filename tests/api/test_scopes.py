"""Filters of a scope over HTTP: in the readings of analytics and posture, and in the answer to a request."""

from typing import Any

import pytest

from policycortex.storage.lake.lake import open_lake
from tests.api.test_analytics import query_analytics
from tests.support.api_server import ApiServer
from tests.support.samples.lake import finding, import_findings

PATH = "/v1/frameworks/soc2/posture"
PASSED = {"passed": 15, "failed": 1, "manual": 0, "muted": 0, "waived": 0}


@pytest.mark.parametrize(
    ("query", "has_findings"),
    [
        ({"regions": "EU", "services": ["s3", "rds"]}, True),
        ({"owners": ["ann@x.com", "No Owner"]}, True),
        ({"regions": "us"}, False),
        ({"tags": ["team=red", "team=blue"]}, False),
    ],
)
def test_readings_take_the_filters_of_reports(query: dict[str, Any], has_findings: bool, analysed: ApiServer) -> None:
    """All findings are of s3 in eu, without tags."""
    found = analysed.client().get(PATH, params=query, timeout=60).json()["findings"]
    assert found == (PASSED if has_findings else dict.fromkeys(PASSED, 0))
    risk = query_analytics(analysed, "risk", **query)
    assert bool(risk["top"]) is has_findings
    assert risk["history"] == []


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"tags": "team"}, "tags", "'team' is not key=value"),
        (
            {"account_groups": "Retail"},
            "account_groups",
            "Unknown account group 'Retail': the account table has no groups",
        ),
        ({"services": " "}, "services.0", "Must not be blank"),
    ],
)
def test_wrong_filters_are_refused(query: dict[str, str], field: str, message: str, analysed: ApiServer) -> None:
    """With the parameter and the reason."""
    for path in (PATH, "/v1/analytics/trends"):
        refused = analysed.client().get(path, params=query)
        (detail,) = refused.json()["details"]
        assert (refused.status_code, detail["field"]) == (400, field)
        assert detail["message"].endswith(message)


def test_an_order_that_nothing_is_in_has_a_warning(analysed: ApiServer) -> None:
    """The region is unknown: the answer names it and what there is; a scope with findings has no warning.

    Findings of another organisation that are not evaluated yet do not prevent the warning.
    """
    with open_lake(analysed.settings) as lake:
        import_findings(lake, [finding(analysed.clock().date())], organization="scope-neighbour")
    client = analysed.client()
    body = {"name": "Scoped", "type": "risk", "scope": {"date_range_type": "last_7_days", "regions": ["eu-cental-1"]}}
    (warning,) = client.post("/v1/reports", json=body, timeout=60).json()["warnings"]
    day = warning.pop("last_scan_on")
    message = "no finding of the period is in its scope: regions 'eu-cental-1' is not in the period, known are eu."
    assert warning == {
        "code": "nothing_in_scope",
        "message": f"The report will be empty, because {message}",
        "filters": [
            {
                "field": "regions",
                "requested": ["eu-cental-1"],
                "unknown": ["eu-cental-1"],
                "known": ["eu"],
                "known_total": 1,
            }
        ],
    }
    assert day is not None
    known = body | {"scope": {"date_range_type": "last_7_days", "regions": ["eu"], "accounts": ["acc"]}}
    assert client.post("/v1/reports", json=known, timeout=60).json()["warnings"] == []
    stranger = analysed.client(organization="scope-stranger")
    assert stranger.post("/v1/reports", json=body, timeout=60).json()["warnings"] == []
