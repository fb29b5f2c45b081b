"""Filters of a scope beside environments, providers and accounts: read, checked, stored and printed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from policycortex.documents.scope_text import write_scope
from policycortex.errors import ConfigurationError, RequestError
from policycortex.findings.accounts import load_account_environments, load_account_groups
from policycortex.requests import Known, ReportRequest, parse_request, request_from_json, request_to_json
from policycortex.scope import Scope, TagFilter

GROUPS = {"Retail": ("1", "2"), "Payments": ("2", "3")}
KNOWN = Known(frameworks=("soc2",), load_groups=lambda: GROUPS)


def _parse(scope: dict[str, Any], known: Known = KNOWN) -> ReportRequest:
    body = {"name": "Scoped", "type": "audit", "framework": "soc2", "scope": scope}
    return parse_request(body, organization="acme", now=datetime(2026, 5, 20, tzinfo=UTC), known=known)


def _problems(scope: dict[str, Any], known: Known = KNOWN) -> dict[str, str]:
    with pytest.raises(RequestError) as caught:
        _parse(scope, known)
    return {problem.field.removeprefix("scope."): problem.message for problem in caught.value.details}


def test_every_filter_is_read_and_stored() -> None:
    """Services and regions in lower case, a tag with one value as a list, each value once."""
    request = _parse(
        {
            "services": ["S3", "s3", "rds"],
            "regions": ["EU-west-1"],
            "tags": {"team": ["Red", "blue", "Red"], "tier": "1"},
            "owners": ["Ann@x.com", "ann@X.com", "no owner"],
        }
    )
    assert request.scope == Scope(
        organization="acme",
        services=("s3", "rds"),
        regions=("eu-west-1",),
        tags=(TagFilter(key="team", values=("Red", "blue")), TagFilter(key="tier", values=("1",))),
        owners=("ann@X.com", "no owner"),
    )
    assert request_from_json(request_to_json(request)) == request


def test_each_filter_is_part_of_the_stored_order_and_absent_without_it() -> None:
    """Orders with another filter differ; an order without these filters is stored as before they existed."""
    plain = request_to_json(_parse({}))
    assert not {"services", "regions", "tags", "owners", "account_groups"} & plain.keys()
    scopes: list[dict[str, Any]] = [
        {"services": ["s3"]}, {"regions": ["s3"]}, {"tags": {"a": "b"}}, {"owners": ["s3"]},
        {"account_groups": ["Retail"]},
    ]  # fmt: skip
    stored = [{k: v for k, v in request_to_json(_parse(s)).items() if k != "scope_as_given"} for s in scopes]
    assert all(stored.count(each) == 1 and each != plain for each in stored)


def test_account_groups_become_their_accounts() -> None:
    """All members of the groups; with accounts those that are in both. Upper and lower case do not matter."""
    assert _parse({"account_groups": ["retail", "Payments"]}).scope.accounts == ("1", "2", "3")
    assert _parse({"account_groups": ["Retail"], "accounts": ["9", "2"]}).scope.accounts == ("2",)


@pytest.mark.parametrize(
    ("scope", "field", "message"),
    [
        (
            {"account_groups": ["Retial", "X"]},
            "account_groups",
            "Unknown account group 'Retial'; did you mean 'Retail'? Known are Retail, Payments",
        ),
        ({"account_groups": ["X"]}, "account_groups", "Unknown account group 'X'. Known are Retail, Payments"),
        (
            {"account_groups": ["Retail"], "accounts": ["3"]},
            "account_groups",
            "No account of Retail is among accounts: the report would have nothing in scope",
        ),
        ({"services": []}, "services", "Must have at least 1 entry"),
        ({"regions": []}, "regions", "Must have at least 1 entry"),
        ({"owners": []}, "owners", "Must have at least 1 entry"),
        ({"tags": {}}, "tags", "Must have at least 1 entry"),
        ({"tags": ["team=red"]}, "tags", "Must be an object"),
        ({"regions": [" "]}, "regions.0", "Must not be blank"),
        ({"region": ["eu"]}, "region", "Unknown field; did you mean 'regions'?"),
    ],
)
def test_wrong_filters_are_refused_with_the_reason(scope: dict[str, Any], field: str, message: str) -> None:
    """The message names what is known, or what is wrong."""
    found = _problems(scope)
    assert found[field] == message


def test_without_groups_the_account_table_is_named() -> None:
    """An installation whose account table has no groups."""
    assert _problems({"account_groups": ["A"]}, Known(frameworks=("soc2",))) == {
        "account_groups": "Unknown account group 'A': the account table has no groups",
    }


def test_the_table_of_accounts_has_environments_and_groups(tmp_path: Path) -> None:
    """Both forms of an entry; groups of another organisation are not shown, and case does not make two groups."""
    table = tmp_path / "accounts.yaml"
    table.write_text(
        '"1": Production\n"2": {environment: staging, groups: [Retail, Payments]}\n"3": {groups: [retail]}\n'
        '"4": {groups: [Secret], organization: other}\n'
    )
    assert load_account_environments(table) == {"1": "production", "2": "staging"}
    assert load_account_groups(table, "acme") == {"Payments": ("2",), "Retail": ("2", "3")}
    assert load_account_groups(table, "other")["Secret"] == ("4",)
    assert load_account_groups(tmp_path / "none.yaml", "acme") == {}


@pytest.mark.parametrize(
    "entry", ["{groups: Retail}", "{group: [Retail]}", "{}", "{groups: [1]}", "[production]", "' '"]
)
def test_a_wrong_entry_of_the_table_is_named(entry: str, tmp_path: Path) -> None:
    """Neither an environment nor a mapping of environment, groups and organization."""
    table = tmp_path / "accounts.yaml"
    table.write_text(f'"123": {entry}\n')
    with pytest.raises(ConfigurationError, match="entry '123' must be written as"):
        load_account_groups(table, "acme")


def test_a_scope_is_printed_in_one_line() -> None:
    """Tags with their keys; nothing for fields without a value, nor for the dates, which stand beside it."""
    given = {
        "accounts": [],
        "regions": ["eu"],
        "tags": {"team": ["a", "b"], "tier": "1"},
        "date_range": {"s": "1", "e": "2"},
    }
    assert write_scope(given) == "regions: eu; tags: team=a or b, tier=1"
    assert write_scope({}) == ""
