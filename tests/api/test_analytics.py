"""Analytics over HTTP: the numbers of a small history, the words of its refusals, one organisation's only."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from policycortex.names import ReportFormat
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import NewArtifact
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.posture import rebuild_days
from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer
from tests.support.backends import FOLDER_ALONE
from tests.support.history import DAYS
from tests.support.samples.lake import finding, import_findings

STATUSES = ("PASS", "PASS", "PASS", "FAIL")


def query_analytics(server: ApiServer, path: str, **query: str | float) -> dict[str, Any]:
    """A good answer; patient, for the first forecast of a process imports its statistics."""
    answer = server.client().get(f"/v1/analytics/{path}", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_trends_with_causes_that_add_up(analysed: ApiServer) -> None:
    """0 of 16 to 15 of 16: 15 fixed; each day's points add up to its change."""
    body = query_analytics(analysed, "trends", framework="soc2", granularity="day")
    (series,) = body["series"]
    scored = [point for point in series["points"] if point["compliance_score"] is not None]
    assert [point["passed"] for point in scored] == list(range(DAYS))
    assert body["change"]["points"] == 93.75
    causes = {cause["cause"]: cause for cause in body["change"]["causes"]}
    assert causes["fixed"]["findings"] == 15
    assert sum(cause["points"] for cause in causes.values()) == body["change"]["points"]
    for point in scored[1:]:
        assert round(sum(cause["points"] for cause in point["causes"]), 2) == point["change_points"]
    assert len(series["points"]) > len(scored)
    assert (body["framework"], body["granularity"], body["model"]) == ("soc2", "day", "findings_pass_rate")


def test_lines_by_place_and_section(analysed: ApiServer) -> None:
    """Production is all there is; a section of SOC 2 holds the findings."""
    assert [
        s["name"] for s in query_analytics(analysed, "trends", by="environment", granularity="month")["series"]
    ] == ["production"]
    sections = query_analytics(analysed, "trends", by="section", framework="soc2", granularity="week")["series"]
    assert len(sections) > 5
    assert sum(s["points"][-1]["assessed"] > 0 for s in sections) == 1


def test_frameworks_side_by_side_say_that_scores_are_not_comparable(analysed: ApiServer) -> None:
    """Lines by framework carry the note; a line of one framework has none."""
    several = query_analytics(analysed, "trends", by="framework", granularity="month")
    assert len(several["series"]) > 1
    assert several["note"].startswith("Scores of different frameworks are not comparable")
    assert query_analytics(analysed, "trends", framework="soc2", granularity="month")["note"] is None


def test_risk_with_parts_and_items(analysed: ApiServer) -> None:
    """One of 16 fails, since the first day."""
    body = query_analytics(analysed, "risk")
    total = body["total"]
    parts = sum(total[part] for part in ("severity", "exposure", "age", "environment"))
    assert parts == pytest.approx(total["risk_score"], abs=0.02)
    (item,) = body["top"]
    assert (item["check_id"], item["failed"], body["top_of"]) == ("c1", 1, 1)
    assert item["lowers_by"] == pytest.approx(total["risk_score"], abs=0.01)
    assert {group["dimension"] for group in body["groups"]} == {
        "account", "service", "provider", "environment", "framework",
    }  # fmt: skip
    assert body["remediation"][0]["remediated"] == 15
    assert next(age for age in body["ages"] if age["severity"] == "high")["failing"] == 1
    assert len(body["history"]) == DAYS


def test_a_forecast_with_its_backtest(analysed: ApiServer) -> None:
    """A finding a day: the trend goes on, and reaches 100 soon; likely failures say why there is no list."""
    body = query_analytics(analysed, "forecast", framework="soc2", horizon_days=7, target_score=100)
    assert body["status"] == "ok"
    assert len(body["points"]) == 7
    assert all(
        p["low_95"] <= p["low_80"] <= p["compliance_score"] <= p["high_80"] <= p["high_95"] for p in body["points"]
    )
    assert set(body["backtest"]["mean_error"]) == {"naive", "theil_sen", "damped_holt"}
    assert body["target"]["days_p50"] is not None
    assert body["likely_failures"]["items"] == []
    assert body["likely_failures"]["reason"]


def test_an_organisation_without_findings_gets_no_numbers(server: ApiServer) -> None:
    """Not another's either."""
    assert query_analytics(server, "trends") | {"period": None} == {
        "framework": None,
        "framework_version": None,
        "crosswalk": "reviewed",
        "period": None,
        "granularity": "day",
        "by": None,
        "model": "findings_pass_rate",
        "series": [],
        "change": None,
        "note": None,
    }
    assert query_analytics(server, "risk")["total"]["risk_score"] is None
    body = query_analytics(server, "forecast")
    assert (body["status"], body["points"]) == ("too_little_history", [])
    assert "needed are 5 scores over 14 days" in body["reason"]


@FOLDER_ALONE
@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("trends", {"framework": "soc3"}, "framework"),
        ("trends", {"granularity": "year"}, "granularity"),
        ("trends", {"by": "section"}, "by"),
        ("trends", {"start": "yesterday", "end": "2026-01-01T00:00:00Z"}, "start"),
        ("trends", {"start": "2026-01-01T00:00:00Z"}, "end"),
        ("trends", {"cloud_providers": "awss"}, "cloud_providers"),
        (
            "trends",
            {"date_range_type": "last_month", "start": "2025-01-01T00:00:00Z", "end": "2025-02-01T00:00:00Z"},
            "date_range_type",
        ),
        ("risk", {"top": 0}, "top"),
        ("risk", {"tpo": 3}, "tpo"),
        ("forecast", {"horizon_days": 366}, "horizon_days"),
        ("forecast", {"target_score": 101}, "target_score"),
        ("forecast", {"start": "2025-01-01T00:00:00Z"}, "start"),
    ],
)
def test_what_is_wrong_is_named(server: ApiServer, path: str, query: dict[str, Any], field: str) -> None:
    """Each parameter by its own name, as a 400 in the documented body."""
    answer = server.client().get(f"/v1/analytics/{path}", params=query)
    assert answer.status_code == 400, answer.text
    assert field in [detail["field"] for detail in answer.json()["details"]]


def completed(server: ApiServer, client: httpx.Client, day: date, snapshot: str, *, crosswalk: str = "reviewed") -> str:
    """A completed report of one day."""
    body = {
        "name": str(day),
        "type": "compliance",
        "framework": "soc2",
        "crosswalk": crosswalk,
        "scope": {"date_range": {"start": f"{day}T00:00:00Z", "end": f"{day}T23:59:59Z"}},
    }
    made = client.post("/v1/reports", json=body)
    assert made.status_code == 202, made.text
    report_id: str = made.json()["id"]
    source = server.settings.home / "source.tmp"
    source.write_bytes(b"%PDF-1.7")
    stored = open_artifacts(server.settings).put_artifact(report_id, ReportFormat.PDF, source)
    file = NewArtifact(format=ReportFormat.PDF, key=stored.key, size_bytes=stored.size_bytes, sha256=stored.sha256)
    server.registry.reports.mark_running(report_id, "run", now=server.clock())
    server.registry.reports.complete_report(
        report_id,
        artifacts=[file],
        summary={},
        content={"pages": 1, "sections": []},
        snapshot=snapshot,
        now=server.clock(),
    )
    return report_id


def test_two_reports_side_by_side(analysed: ApiServer) -> None:
    """Five days apart: five resolved, the rest persist; the change of the scores is explained by its causes."""
    client, today = analysed.client(), analysed.clock().date()
    with open_lake(analysed.settings) as lake:
        snapshot = lake.snapshot()
    first, second = (completed(analysed, client, today - timedelta(days=n), snapshot) for n in (10, 5))
    answer = client.get(f"/v1/reports/{first}/compare/{second}", params={"limit": 2, "offset": 1})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["counts"] == {
        "new": 0, "resolved": 5, "accepted": 0, "persisting": 5, "not_looked_at": 0, "reclassified": 0,
    }  # fmt: skip
    assert (len(body["findings"]), body["findings_total"]) == (2, 5)
    assert {f["reason"] for f in body["findings"]} == {"fixed"}
    assert body["change"]["points"] == 31.25
    assert sum(cause["points"] for cause in body["change"]["causes"]) == 31.25
    assert body["requirements"] == []
    assert (body["crosswalk"], body["other_crosswalk"], body["note"]) == ("reviewed", "reviewed", None)
    backwards = client.get(f"/v1/reports/{second}/compare/{first}").json()
    assert backwards["counts"]["new"] == 5


def test_a_comparison_of_two_editions_says_so(analysed: ApiServer) -> None:
    """The editions of both reports, and a note that they are not comparable by requirement."""
    client, today = analysed.client(), analysed.clock().date()
    with open_lake(analysed.settings) as lake:
        snapshot = lake.snapshot()
    day = today - timedelta(days=5)
    first, second = (completed(analysed, client, day, snapshot, crosswalk=each) for each in ("scanner", "reviewed"))
    body = client.get(f"/v1/reports/{first}/compare/{second}").json()
    assert (body["crosswalk"], body["other_crosswalk"]) == ("scanner", "reviewed")
    assert "different editions" in body["note"]


def test_analytics_of_either_edition(running_server: ApiServer) -> None:
    """A check that the review drops: it makes the score of the scanner edition, and none in the reviewed one."""
    running_server.clock.reset()
    server = replace(running_server, organization="analytics-editions", clients=[])
    day = server.clock().date() - timedelta(days=1)
    with open_lake(server.settings) as lake:
        found = [finding(day, "rds_instance_deletion_protection", f"r{n}", status) for n, status in enumerate(STATUSES)]
        import_findings(lake, found, organization=server.organization)
    rebuild_days(server.settings, [day])
    rebuild_analytics(server.settings, [day])
    for edition, score, failed in (("scanner", 75.0, 1), ("reviewed", None, 0)):
        query = {"framework": "soc2", "crosswalk": edition}
        trends = query_analytics(server, "trends", **query)
        scored = {p["compliance_score"] for p in trends["series"][0]["points"] if p["scanned_days"]}
        assert (trends["crosswalk"], scored) == (edition, {score})
        lines = query_analytics(server, "trends", by="framework", crosswalk=edition)["series"]
        (soc2,) = (line for line in lines if line["name"] == "soc2")
        assert {p["compliance_score"] for p in soc2["points"] if p["scanned_days"]} == {score}
        risk = query_analytics(server, "risk", **query)
        assert (risk["crosswalk"], risk["total"]["failed"]) == (edition, failed)
        forecast = query_analytics(server, "forecast", **query)
        assert (forecast["crosswalk"], forecast["status"]) == (edition, "too_little_history")
    refused = server.client().get("/v1/analytics/trends", params={"crosswalk": "mine"})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "crosswalk")
    for client in server.clients:
        client.close()


def test_a_comparison_needs_two_completed_reports_of_ones_own(analysed: ApiServer, order: dict[str, object]) -> None:
    """An open report is a conflict; another organisation's is not there."""
    client = analysed.client()
    open_report = client.post("/v1/reports", json=order | {"delivery": {}}).json()["id"]
    assert client.get(f"/v1/reports/{open_report}/compare/{open_report}").status_code == 409
    foreign = analysed.client(organization="analytics-stranger").get(f"/v1/reports/{open_report}/compare/{open_report}")
    assert (foreign.status_code, foreign.json()["error_code"]) == (404, "RPT_002")


def test_the_client_gives_the_same_tables(analysed: ApiServer) -> None:
    """``policycortex_client`` hands out the documented bodies, and the server's refusals with their fields."""
    _, token = analysed.registry.keys.create_key(organization=analysed.organization, name="client")
    with Client(analysed.url, token, attempts=1) as api:
        assert api.get_trends(granularity="week") == query_analytics(analysed, "trends", granularity="week")
        assert api.get_risk(top=3) == query_analytics(analysed, "risk", top=3)
        with pytest.raises(ApiError, match="granularity"):
            api.get_forecast(granularity="week")
