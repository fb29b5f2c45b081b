"""What the roles may do, for which organisation, and what the audit log holds of it."""

import json
from typing import Any

import pytest

from policycortex.security.web_access import WebRole
from tests.ui.conftest import Ui

LAUNCH = "mutation L($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename } }"


@pytest.mark.parametrize(
    "query",
    [
        "mutation { wipeAssets(assetPartitionRanges: []) { __typename } }",
        "mutation { version: wipeAssets(assetPartitionRanges: []) { __typename } }",
        "mutation { ...F } fragment F on Mutation { wipeAssets(assetPartitionRanges: []) { __typename } }",
        "mutation { ... on Mutation { wipeAssets(assetPartitionRanges: []) { __typename } } }",
        "query Q { version } mutation M { wipeAssets(assetPartitionRanges: []) { __typename } }",
        "# query\nmutation { wipeAssets(assetPartitionRanges: []) { __typename } }",
        "query Q { version } mutation M { setNuxSeen }",
        "\ufeffmutation { setNuxSeen }",
    ],
)
def test_no_form_of_a_mutation_gets_through_for_a_viewer(ui: Ui, query: str) -> None:
    """Aliases, fragments, several operations with a harmless one named, comments."""
    client = ui.signed_in(WebRole.VIEWER)
    answer = client.post("/graphql", json={"query": query, "operationName": "Q"})
    assert (answer.status_code, ui.behind.requests) == (403, [])
    report = client.post("/report_asset_materialization/a", json={})
    assert (report.status_code, ui.behind.requests) == (403, [])


@pytest.mark.parametrize("query", ["subscription { x }", "query Q { version } subscription S { x }"])
def test_a_subscription_is_no_query(ui: Ui, query: str) -> None:
    """By POST it is refused for every role."""
    assert ui.signed_in().post("/graphql", json={"query": query}).status_code == 400
    assert ui.behind.requests == []


def test_a_viewer_queries_and_dagster_knows_the_role(ui: Ui) -> None:
    """So its pages disable what a viewer may not do."""
    assert ui.signed_in(WebRole.VIEWER).post("/graphql", json={"query": "{ version }"}).status_code == 200
    assert ui.signed_in().get("/runs").status_code == 200
    assert [request["role"] for request in ui.behind.requests] == ["viewer", "operator"]


def test_an_act_is_in_the_audit_log_with_its_person_and_variables(ui: Ui) -> None:
    """The fields behind aliases and fragments, the values of variables, the session; and how it ended."""
    client = ui.signed_in()
    query = """mutation M($id: String!) { harmless: terminateRun(runId: $id) { __typename } ...F }
      fragment F on Mutation { setAutoMaterializePaused(paused: true) }"""
    client.post("/graphql", json={"query": query, "variables": {"id": "run-7"}})
    record = ui.records()[-1]
    (session,) = ui.registry.web_sessions.list_sessions(limits=ui.app._access.limits, now=ui.clock())
    assert (record.action, record.outcome, record.actor) == ("dagster_changed", "done", f"session:{session.id}")
    assert [(act["name"], json.loads(act["arguments"])) for act in record.details["mutations"]] == [
        ("terminateRun", {"runId": "run-7"}),
        ("setAutoMaterializePaused", {"paused": True}),
    ]


def test_queries_and_services_are_not_recorded(ui: Ui) -> None:
    """The API records its own requests; queries change nothing."""
    before = len(ui.records())
    ui.service().post("/graphql", json={"query": LAUNCH, "variables": {"p": {}}})
    ui.service().post("/graphql", json={"query": "{ version }"})
    assert len(ui.records()) == before
    assert len(ui.behind.requests) == 2


def test_refusals_are_recorded_once_and_then_counted(ui: Ui) -> None:
    """A hundred refused mutations are one record now and one with their number later."""
    client = ui.signed_in(WebRole.VIEWER)
    for _ in range(100):
        client.post("/graphql", json={"query": LAUNCH})
    assert [record.action for record in ui.records()].count("dagster_refused") == 1
    ui.recorder._refusals.flush()
    assert ui.records()[-1].details["count"] == 99


def _params(*, tags: dict[str, str] | None = None, config: Any = None) -> dict[str, Any]:  # noqa: ANN401 - JSON or YAML
    shown = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    return {"selector": {"jobName": "j"}, "runConfigData": config or {}, "executionMetadata": {"tags": shown}}


def _imports(**config: object) -> dict[str, Any]:
    return {"ops": {"imports": {"config": {"paths": ["x"], **config}}}}


def _requested(**config: object) -> dict[str, Any]:
    return {"ops": {"make_requested": {"config": {"periods": ["2026-Q3"], **config}}}}


def _partition(kind: str) -> dict[str, str]:
    return {"dagster/partition": f"2026-Q3|{kind}", "dagster/partition/report": kind}


OWN_TAG = {"policycortex/organization": "acme"}


@pytest.mark.parametrize(
    ("params", "status"),
    [
        (_params(config=_imports(organization="acme")), 200),
        (_params(tags=OWN_TAG), 200),
        (_params(tags=OWN_TAG, config=_imports(organization="acme")), 200),
        (_params(config=_imports(organization="other")), 403),
        (_params(config=_imports()), 403),
        (_params(), 403),
        (_params(config=_requested(organization="acme")), 200),
        (_params(tags=OWN_TAG, config=_requested()), 403),
        (_params(tags=_partition("soc2 audit acme")), 200),
        (_params(tags=_partition("soc2 audit other")), 403),
        (_params(tags=OWN_TAG | _partition("soc2 audit other")), 403),
        (_params(tags=_partition("soc2 audit")), 403),
        (_params(tags=OWN_TAG, config=_imports()), 403),
        (_params(tags=OWN_TAG, config=_imports(organization="other")), 403),
        (_params(tags={"policycortex/organization": "other"}, config=_imports(organization="acme")), 403),
        (_params(config=json.dumps(_imports(organization="other"))), 403),
        (_params(config="ops: {imports: {config: {paths: [x], organization: other}}}"), 403),
        (_params(tags=OWN_TAG, config="ops: [unclosed"), 403),
        (_params(config="ops: {imports: {config: {paths: [x], organization: acme}}}"), 200),
    ],
)
def test_a_person_with_a_key_starts_runs_of_the_own_organisation_only(
    ui: Ui, params: dict[str, Any], status: int
) -> None:
    """By tag, partition or configuration, as JSON or YAML, as variable or in the text of the query."""
    client = _with_key(ui, "acme")
    answer = client.post("/graphql", json={"query": LAUNCH, "variables": {"p": params}})
    assert (answer.status_code, len(ui.behind.requests)) == (status, int(status == 200))
    inline = LAUNCH.replace("L($p: ExecutionParams!)", "").replace("$p", _literal(params))
    assert client.post("/graphql", json={"query": inline}).status_code == status


def test_a_key_signs_in_only_while_its_organisation_is_the_only_one(ui: Ui) -> None:
    """The UI shows all organisations. A second one ends the session's rights at the next request."""
    client = _with_key(ui, "acme")
    assert client.get("/runs").status_code == 200
    ui.registry.keys.create_key(organization="other", name="x", scopes=["admin"], now=ui.clock())
    assert client.get("/runs").status_code == 401
    _, secret = ui.registry.keys.create_key(organization="acme", name="x", scopes=["admin"], now=ui.clock())
    refused = ui.client().post("/sign-in", data={"key": secret})
    assert refused.status_code == 403
    assert "several organisations" in refused.text


def _with_key(ui: Ui, organization: str) -> Any:  # noqa: ANN401 - a client
    _, secret = ui.registry.keys.create_key(organization=organization, name="eve", scopes=["admin"], now=ui.clock())
    client = ui.client()
    assert client.post("/sign-in", data={"key": secret}).status_code == 200
    return client


def _literal(value: object) -> str:
    """A value as GraphQL literal."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_literal(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_literal, value)) + "]"
        case _:
            return json.dumps(value)
