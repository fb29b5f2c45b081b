"""Reports requested in the Dagster UI, by the GraphQL calls of its pages."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest

from tests.support.installation import Server, wait_until

pytestmark = pytest.mark.timeout(900)

ASSET: Final = {"path": ["reports", "by_period"]}
_REPOSITORY: Final = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
_ADD: Final = """mutation($selector: RepositorySelector!, $name: String!, $key: String!) {
  addDynamicPartition(repositorySelector: $selector, partitionsDefName: $name, partitionKey: $key) { __typename } }"""
_LAUNCH: Final = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on Error { message } } }"""
_BACKFILL: Final = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) { __typename
  ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }"""
_RUN: Final = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status tags { key value } } } }"
_BACKFILL_STATUS: Final = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status numPartitions } } }"""
_SHOWN: Final = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
  assetMaterializations(limit: 500) { partition metadataEntries { label
    ... on TextMetadataEntry { text } ... on UrlMetadataEntry { url }
    ... on BoolMetadataEntry { boolValue } } } } } }"""


def _selector(server: Server) -> dict[str, str]:
    node = server.query_dagster(_REPOSITORY)["repositoriesOrError"]["nodes"][0]
    return {"repositoryName": node["name"], "repositoryLocationName": node["location"]["name"]}


def _add(server: Server, name: str, keys: Sequence[str]) -> None:
    for key in keys:
        server.query_dagster(_ADD, {"selector": _selector(server), "name": name, "key": key})


def _config(*formats: str) -> dict[str, Any]:
    return {"ops": {"reports__by_period": {"config": {"formats": list(formats)}}}}


def _materialize(server: Server, period: str, kind: str, *formats: str) -> dict[str, str]:
    """Materialize one partition; returns the tags of its run once it has succeeded."""
    _add(server, "report_ranges", [period])
    _add(server, "report_kinds", [kind])
    tags = {
        "dagster/partition": f"{period}|{kind}",
        "dagster/partition/period": period,
        "dagster/partition/report": kind,
    }
    params = {
        "mode": "default",
        "selector": {**_selector(server), "jobName": "make_period_reports", "assetSelection": [ASSET]},
        "runConfigData": _config(*formats),
        "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
    }
    launched = server.query_dagster(_LAUNCH, {"p": params})["launchRun"]
    run_id = launched["run"]["runId"]

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = server.query_dagster(_RUN, {"id": run_id})["runOrError"]
        return run if run["status"] in {"SUCCESS", "FAILURE", "CANCELED"} else None

    run = wait_until(ended, seconds=300, what="the run has ended")
    assert run["status"] == "SUCCESS"
    return {tag["key"]: tag["value"] for tag in run["tags"]}


def _shown(server: Server) -> Iterator[tuple[str, dict[str, Any]]]:
    """Partition and facts of each materialization, the newest first."""
    node = server.query_dagster(_SHOWN, {"key": ASSET})["assetNodeOrError"]
    for event in node["assetMaterializations"]:
        values = {e["label"]: e.get("text", e.get("url", e.get("boolValue"))) for e in event["metadataEntries"]}
        yield event["partition"], values


def _report_ids(server: Server, keys: Sequence[str]) -> dict[str, str]:
    """The report that each partition shows now."""
    found: dict[str, str] = {}
    for partition, facts in _shown(server):
        if partition in keys:
            found.setdefault(partition, facts["report_id"])
    return found


def test_a_quarter_is_materialized_and_again_nothing_is_new(server: Server) -> None:
    """Q3 2026, SOC 2, audit: the run is named after the report, the API has it, the second run keeps it."""
    key = "2026-Q3|soc2 audit"
    tags = [_materialize(server, "2026-Q3", "soc2 audit", "json") for _ in ("first", "again")]
    made = server.curl_json(f"{server.url}/v1/reports/{tags[0]['policycortex/report_id']}")
    assert (made["status"], made["type"], made["framework"]) == ("completed", "audit", "soc2")
    assert tags[0]["policycortex/report"] == made["name"] == "SOC 2 Trust Services Criteria, audit, 2026-Q3"
    assert tags[1]["policycortex/report_id"] == made["id"]
    links = {facts["report"] for partition, facts in _shown(server) if partition == key}
    assert links == {f"{server.url}/reports/{made['id']}"}  # without POLICYCORTEX_PUBLIC_URL: the address served
    news = [(facts["report_id"], facts["is_new"]) for partition, facts in _shown(server) if partition == key]
    assert news == [(made["id"], False), (made["id"], True)]


@pytest.mark.timeout(3600)
@pytest.mark.storm  # 96 runs, and Dagster's daemon looks for backfills every 30 seconds
def test_a_backfill_of_a_year_makes_each_report_once(server: Server) -> None:
    """12 months x 2 frameworks x 2 types: each partition names its own report; the backfill again changes nothing."""
    months = [f"2023-{month:02}" for month in range(1, 13)]
    kinds = [f"{framework} {kind}" for framework in ("soc2", "hipaa") for kind in ("compliance", "audit")]
    _add(server, "report_ranges", months)
    _add(server, "report_kinds", kinds)
    keys = [f"{month}|{kind}" for month in months for kind in kinds]
    _backfill(server, keys)
    made = _report_ids(server, keys)
    assert set(made) == set(keys)
    assert len(set(made.values())) == len(keys)
    _backfill(server, keys)
    assert _report_ids(server, keys) == made
    news = [facts["is_new"] for partition, facts in _shown(server) if partition in keys]
    assert news == [False] * len(keys) + [True] * len(keys)


def _backfill(server: Server, keys: Sequence[str]) -> None:
    params = {"assetSelection": [ASSET], "partitionNames": list(keys), "runConfigData": _config("json")}
    started = server.query_dagster(_BACKFILL, {"p": params})["launchPartitionBackfill"]
    assert started["__typename"] == "LaunchBackfillSuccess", started

    def ended() -> str | None:
        query = server.query_dagster(_BACKFILL_STATUS, {"id": started["backfillId"]})
        status: str = query["partitionBackfillOrError"]["status"]
        return status if status not in {"REQUESTED", "CANCELING", "FAILING"} else None

    assert wait_until(ended, seconds=1500, what="the backfill has ended") == "COMPLETED_SUCCESS"
