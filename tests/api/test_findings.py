"""Findings over HTTP: pages that are whole and without doubles, other media types, and the numbers of the posture."""

import base64
import io
import json
from datetime import timedelta
from typing import Any

import httpx
import polars as pl
import pytest

from tests.support.api_server import ApiServer
from tests.support.history import DAYS

PATH = "/v1/findings"


def _pages(client: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - query parameters
    """All pages, by the cursor."""
    pages = [client.get(PATH, params=parameters).raise_for_status().json()]
    while (cursor := pages[-1]["next_cursor"]) is not None:
        pages.append(client.get(PATH, params={**parameters, "cursor": cursor}).raise_for_status().json())
    return pages


@pytest.mark.parametrize("limit", [1, 3, 15, 16, 1000])
def test_pages_have_each_finding_once_in_one_order(analysed: ApiServer, limit: int) -> None:
    """Failing first; the totals are the same on each page; the period and the snapshot stay."""
    client = analysed.client()
    pages = _pages(client, limit=limit)
    found = [each["finding_uid"] for page in pages for each in page["findings"]]
    whole = client.get(PATH, params={"limit": 1000}).json()
    assert found == [each["finding_uid"] for each in whole["findings"]]
    assert len(set(found)) == len(found) == DAYS == whole["findings_total"]
    assert whole["findings"][0]["status"] == "FAIL"
    assert {(page["findings_total"], page["snapshot"], page["period"]["end"]) for page in pages} == {
        (DAYS, pages[0]["snapshot"], pages[0]["period"]["end"])
    }


def test_findings_sum_up_to_the_posture(analysed: ApiServer) -> None:
    """Of the framework and of each of its requirements, also of one whose parts have the findings."""
    client = analysed.client()
    posture = client.get("/v1/frameworks/soc2/posture").json()
    for requirement in posture["requirements"]:
        found = _pages(client, framework="soc2", requirement=requirement["id"])[0]
        counted = {"passed": 0, "failed": 0}
        for each in found["findings"]:
            counted["failed" if each["status"] == "FAIL" else "passed"] += 1
        expected = {name: requirement["findings"][name] for name in counted}
        assert counted == expected, requirement["id"]
    [failing] = client.get(PATH, params={"framework": "soc2", "status": "FAIL"}).json()["findings"]
    assert (failing["requirements"], failing["waived"], failing["muted"]) == (["CC6.1"], False, False)
    assert failing["first_failed_on"] is not None


def test_filters_keep_what_they_name(analysed: ApiServer) -> None:
    """Status, severity, check, account and time; what matches nothing is an empty page."""
    client = analysed.client()
    passing = client.get(PATH, params={"status": "PASS"}).json()
    assert passing["findings_total"] == DAYS - 1
    both = client.get(PATH, params={"status": ["PASS", "FAIL"], "checks": "c1"}).json()
    assert both["findings_total"] == DAYS
    middle = (analysed.clock() - timedelta(days=DAYS // 2)).strftime("%Y-%m-%dT23:59:59Z")
    assert client.get(PATH, params={"status": "PASS", "as_of": middle}).json()["findings_total"] == DAYS // 2
    for nothing in ({"checks": "c2"}, {"severity": "informational"}, {"accounts": "another"}):
        answer = client.get(PATH, params=nothing).json()
        assert (answer["findings"], answer["findings_total"], answer["next_cursor"]) == ([], 0, None)


def test_lines_and_parquet_have_the_same_findings(analysed: ApiServer) -> None:
    """NDJSON page by page through Link; Parquet has all in one file."""
    client = analysed.client()
    whole = client.get(PATH, params={"limit": 1000, "framework": "soc2"}).json()["findings"]
    lines: list[dict[str, Any]] = []
    address = f"{PATH}?framework=soc2&limit=7"
    while address:
        answer = client.get(address, headers={"Accept": "application/x-ndjson"})
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines += [json.loads(line) for line in answer.text.splitlines()]
        address = answer.links.get("next", {}).get("url", "")
    assert lines == whole
    parquet = client.get(PATH, params={"framework": "soc2"}, headers={"Accept": "application/vnd.apache.parquet"})
    table = pl.read_parquet(io.BytesIO(parquet.content))
    assert table["finding_uid"].to_list() == [each["finding_uid"] for each in whole]
    assert table["requirements"].to_list() == [each["requirements"] for each in whole]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"requirement": "CC6.1"}, "requirement"),
        ({"framework": "soc3"}, "framework"),
        ({"framework": "soc2", "requirement": "CC99"}, "requirement"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"status": "BAD"}, "status.0"),
        ({"as_of": "yesterday"}, "as_of"),
    ],
)
def test_wrong_parameters_are_named(analysed: ApiServer, parameters: dict[str, Any], field: str) -> None:
    """400 with the field."""
    refused = analysed.client().get(PATH, params=parameters)
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, field), refused.text


def test_a_cursor_belongs_to_its_parameters_and_its_organisation(analysed: ApiServer) -> None:
    """With others it is refused; for another organisation it shows nothing of the first."""
    client = analysed.client()
    cursor = client.get(PATH, params={"limit": 3}).json()["next_cursor"]
    refused = client.get(PATH, params={"cursor": cursor, "status": "PASS"})
    assert refused.json()["details"][0]["message"] == "Made for other parameters; begin again without it"
    stranger = analysed.client(organization="findings-stranger")
    assert stranger.get(PATH, params={"cursor": cursor, "limit": 3}).json()["findings_total"] == 0
    assert stranger.get(PATH).json()["findings"] == []


_WRONG_PARTS: tuple[tuple[int, object], ...] = (
    (1, "\u0663"),
    (1, "9" * 40),
    (1, 7),
    (2, "0001-01-01T00:00:00+00:00"),
    (2, "9999-12-31T23:59:59+00:00"),
    (2, "2026-01-01T00:00:00"),
    (3, True),
    (4, None),
    (5, 10**30),
    (5, -1),
)


def test_cursors_that_somebody_wrote_are_harmless(analysed: ApiServer) -> None:
    """Their digests are right. Parts that no first page gives are refused; places after the last finding have none."""
    client = analysed.client()
    cursor = client.get(PATH, params={"limit": 3}).json()["next_cursor"]
    state = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))

    def answer_to(place: int, value: object) -> httpx.Response:
        written = [value if n == place else part for n, part in enumerate(state)]
        text = base64.urlsafe_b64encode(json.dumps(written).encode()).decode()
        return client.get(PATH, params={"limit": 3, "cursor": text})

    for place, value in _WRONG_PARTS:
        refused = answer_to(place, value)
        assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "cursor"), refused.text
    for place, value in ((3, 10**30), (4, "\ud800"), (5, 2**40)):
        assert answer_to(place, value).json()["findings"] == [], (place, value)
