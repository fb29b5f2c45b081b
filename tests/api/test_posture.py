"""The posture of a framework over HTTP: the numbers of a small history, as of any time, one organisation's only."""

from datetime import timedelta

import pytest

from tests.support.api_server import ApiServer
from tests.support.history import DAYS

PATH = "/v1/frameworks/soc2/posture"


def test_results_and_scores_are_those_of_the_newest_scan(analysed: ApiServer) -> None:
    """Yesterday 15 of 16 findings pass; CC6.1 is not met, and every requirement is counted under its result."""
    client = analysed.client()
    found = client.get(PATH).json()
    assert found["compliance_score"] == pytest.approx(93.75)
    assert found["findings"] == {"passed": 15, "failed": 1, "manual": 0, "muted": 0, "waived": 0}
    by_id = {each["id"]: each for each in found["requirements"]}
    assert (by_id["CC6.1"]["result"], by_id["CC6.1"]["findings"]["failed"]) == ("non_compliant", 1)
    assert sum(found["results"].values()) == len(found["requirements"])
    [only] = client.get(PATH, params={"results": "non_compliant"}).json()["requirements"]
    assert only == by_id["CC6.1"]


def test_a_time_in_the_past_has_its_own_scan(analysed: ApiServer) -> None:
    """Half of the days ago half of the findings passed; before the first scan nothing is known."""
    client, now = analysed.client(), analysed.clock()
    middle = (now - timedelta(days=DAYS // 2)).strftime("%Y-%m-%dT23:59:59Z")
    found = client.get(PATH, params={"as_of": middle}).json()
    assert found["findings"]["passed"] == DAYS // 2
    early = (now - timedelta(days=DAYS + 5)).isoformat()
    nothing = client.get(PATH, params={"as_of": early}).json()
    assert (nothing["compliance_score"], nothing["findings"]["passed"]) == (None, 0)
    short = client.get(PATH, params={"as_of": now.isoformat(), "accounts": "another"}).json()
    assert short["compliance_score"] is None


@pytest.mark.parametrize("as_of", ["yesterday", "2026-10-31T00:00:00", "2999-01-01T00:00:00Z", ""])
def test_a_time_that_is_none_is_refused(server: ApiServer, as_of: str) -> None:
    """With the field and the reason."""
    refused = server.client().get(PATH, params={"as_of": as_of})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "as_of")


def test_another_organisation_sees_its_own_findings_only(analysed: ApiServer) -> None:
    """None, and the same framework; an unknown framework is 404."""
    other = analysed.client(organization="posture-stranger")
    assert other.get(PATH).json()["compliance_score"] is None
    assert other.get("/v1/frameworks/soc3/posture").status_code == 404
