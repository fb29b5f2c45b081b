"""One requirement over HTTP: checks, counts, what people state, history, and links that lead to the same findings."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from api.platform.services import Services
from policycortex.period import Period
from tests.support.api_server import ApiServer
from tests.support.history import DAYS

PATH = "/v1/frameworks/soc2/requirements/CC6.1"


def _totals(client: httpx.Client, url: str) -> int:
    """Findings in the list at this address."""
    parts = urlsplit(url)
    answer = client.get(f"{parts.path}?{parts.query}", timeout=60)
    assert answer.status_code == 200, answer.text
    total: int = answer.json()["findings_total"]
    return total


def test_checks_counts_and_links_agree(analysed: ApiServer) -> None:
    """15 of 16 findings of one check pass; the lists behind the links have just these findings."""
    client = analysed.client()
    found = client.get(PATH, timeout=60).json()
    assert (found["id"], found["framework"], found["result"], found["is_met"]) == (
        "CC6.1", "soc2", "non_compliant", False,
    )  # fmt: skip
    totals = {"passed": 15, "failed": 1, "manual": 0, "muted": 0, "waived": 0}
    assert found["findings"] == totals
    [check] = found["checks"]
    assert (check["check_id"], check["providers"], check["findings"]) == ("c1", ["aws"], totals)
    assert check["strength"] in {"direct", "supporting"}
    assert [name.split()[0] for name in check["scanners"]] == ["prowler"]
    assert _totals(client, found["links"]["findings"]) == DAYS
    assert _totals(client, found["links"]["failing"]) == 1
    assert _totals(client, check["findings_url"]) == DAYS
    assert _totals(client, check["findings_url"] + "&status=PASS") == 15


def test_its_numbers_are_those_of_the_posture(analysed: ApiServer) -> None:
    """Result and counts are those of the framework's posture, for each requirement without parts that has findings."""
    client = analysed.client()
    posture = client.get("/v1/frameworks/soc2/posture", timeout=60).json()
    with_findings = [each for each in posture["requirements"] if each["checks"]]
    assert with_findings
    for each in with_findings:
        found = client.get(f"/v1/frameworks/soc2/requirements/{each['id']}", timeout=60).json()
        assert (found["result"], found["findings"]) == (each["result"], each["findings"])


def test_a_spelling_of_a_scanner_and_a_past_time(analysed: ApiServer) -> None:
    """``cc_6_1`` is CC6.1. Half of the days ago, half of the findings passed, and the link keeps the time."""
    client, now = analysed.client(), analysed.clock()
    middle = (now - timedelta(days=DAYS // 2)).strftime("%Y-%m-%dT23:59:59Z")
    found = client.get("/v1/frameworks/soc2/requirements/cc_6_1", params={"as_of": middle}, timeout=60).json()
    assert (found["id"], found["findings"]["passed"]) == ("CC6.1", DAYS // 2)
    assert _totals(client, found["links"]["failing"]) == DAYS // 2
    elsewhere = client.get(PATH, params={"accounts": "another"}, timeout=60).json()
    assert (elsewhere["checks"], elsewhere["findings"]["failed"]) == ([], 0)


def test_what_people_accept_and_state_is_listed(server: ApiServer) -> None:
    """Waivers and attestations that name the requirement, in their state; those of other requirements are not."""
    client, until = server.client(scopes=["admin"]), f"{server.clock().date() + timedelta(days=90)}T00:00:00Z"
    for requirement in ("CC6.1", "CC7.1"):
        scope = {"framework": "soc2", "requirement": requirement, "check": "c1"}
        body = {"scope": scope, "reason": requirement, "until": until}
        assert client.post("/v1/waivers", json=body).status_code == 201
        stated = {"scope": {"framework": "soc2", "requirements": [requirement]}, "statement": "met"}
        assert client.post("/v1/attestations", json=body | stated).status_code == 201
    found = client.get(PATH, timeout=60).json()
    [waiver], [attestation] = found["waivers"], found["attestations"]
    assert (waiver["reason"], waiver["status"], waiver["check"], waiver["findings"]) == ("CC6.1", "requested", "c1", 0)
    assert (attestation["reason"], attestation["statement"], attestation["evidence_files"]) == ("CC6.1", "met", 0)


def test_unknown_ones_are_404(server: ApiServer) -> None:
    """An unknown requirement, and an unknown framework; a wrong parameter is 400."""
    client = server.client()
    for path in ("/v1/frameworks/soc2/requirements/CC99.9", "/v1/frameworks/soc3/requirements/CC6.1"):
        assert client.get(path).status_code == 404
    assert client.get(PATH, params={"results": "manual"}).status_code == 400


def test_an_auditor_reads_a_requirement_within_the_grant(analysed: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the grant's framework and days, with a history that begins with the grant; anything else is 404."""
    now = analysed.clock()
    period = Period(start=now - timedelta(days=8), end=now - timedelta(days=4))
    grant, token = analysed.registry.grants.create_grant(
        analysed.organization, name="Grace", frameworks=("soc2",), period=period,
        expires_at=now + timedelta(days=9), email=None, note="", by="key_admin", now=now,
    )  # fmt: skip
    identity, find_key = replace(analysed.registry.keys.get_key(grant.id), grant=grant), Services.find_key
    monkeypatch.setattr(Services, "find_key", lambda self, given: identity if given == token else find_key(self, given))
    client = analysed.bare_client({"Authorization": f"Bearer {token}"})
    found = client.get(PATH, timeout=60).json()
    assert found["period"]["end"] == f"{period.end:%Y-%m-%dT%H:%M:%SZ}"
    assert found["findings"]["passed"] + found["findings"]["failed"] == DAYS
    assert {day["date"] for day in found["history"]} <= {str((now - timedelta(days=n)).date()) for n in range(4, 9)}
    outside = (now - timedelta(days=9), now - timedelta(days=3))
    for moment in outside:
        given = {"as_of": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        assert client.get(PATH, params=given, timeout=60).status_code == 404, moment
    assert client.get("/v1/frameworks/hipaa/requirements/164.308", timeout=60).status_code == 404
