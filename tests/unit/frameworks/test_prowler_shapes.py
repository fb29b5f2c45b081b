"""Prowler's files of every shape: their own grouping, short titles, conditions; and files of other people's making."""

import json
from pathlib import Path
from typing import Any

import pytest

from policycortex.errors import ConfigurationError
from policycortex.frameworks.conditions import ScanCondition, count_open
from policycortex.frameworks.model import Framework, Requirement
from policycortex.frameworks.prowler_texts import TITLE_LENGTH
from policycortex.frameworks.reading import read_framework, write_framework


def legacy(**requirement: object) -> Framework:
    """A file of one provider with one requirement."""
    file = {"Framework": "F", "Version": "1", "Provider": "AWS", "Requirements": [{"Id": "r_1", **requirement}]}
    return read_framework(json.dumps(file).encode(), name="f.json")


def universal(group_by: str | None, **requirement: object) -> Requirement:
    """The requirement of a file for several providers that groups by ``group_by``."""
    outputs = {"table_config": {"group_by": group_by}} if group_by else {"pdf_config": {}}
    file = {"framework": "F", "outputs": outputs, "requirements": [{"id": "r_1", **requirement}]}
    return read_framework(json.dumps(file).encode(), name="f.json").requirements[0]


@pytest.mark.parametrize("field", ["Pillar", "Theme", "Ruleset", "Domain", "Section", "Anything"])
def test_sections_follow_the_files_own_grouping(field: str) -> None:
    """DORA's pillars, FedRAMP's themes and rulesets, CMMC's domains, and a field no version knows today."""
    attributes = {"Section": "no", "Theme": "no", field: "Recovery  Planning"}
    assert universal(field, attributes=attributes).section == "Recovery Planning"


@pytest.mark.parametrize(
    ("attributes", "section"),
    [
        ({"Domain": "1. Management", "Subdomain": "1.1 Base", "Section": "1.1.1 Executives"}, "1. Management"),
        ({"Marco": "operacional", "Categoria": "control de acceso"}, "operacional / control de acceso"),
        ({"Category": "A.5 Organizational controls"}, "A.5 Organizational controls"),
        ({"FamilyName": "Data"}, "Data"),
        ({"ItemId": "annex_i"}, "Requirements"),
        ({"Section": ["not", "text"]}, "Requirements"),
    ],
)
def test_files_of_one_provider_are_grouped_by_their_highest_level(attributes: dict[str, Any], section: str) -> None:
    """KISA by domain, ENS by two fields, ISO by category; a file without groups has one section."""
    assert legacy(Attributes=[attributes]).requirements[0].section == section


def test_a_requirement_of_several_tactics_is_in_the_first() -> None:
    """Of several attributes, as MITRE's files have one per service, the first counts."""
    attributes = [{"AWSService": "Config", "Category": "Detect"}, {"AWSService": "KMS", "Category": "Protect"}]
    requirement = legacy(Attributes=attributes, Tactics=["Initial Access", "Impact"]).requirements[0]
    assert requirement.section == "Initial Access"


LONG = (
    "Every account is reviewed. " + "It is compared with the list of people who left, every month and in writing. " * 9
)


@pytest.mark.parametrize(
    ("requirement", "title", "description"),
    [
        ({"Name": "R-1 Review accounts", "Description": LONG}, "Review accounts", LONG.strip()),
        ({"Name": "Review accounts"}, "Review accounts", ""),
        ({"Name": "R.1", "Description": LONG}, "Every account is reviewed", LONG.strip()),
        ({"Name": "iam", "Description": "Checks keys", "Attributes": [{"Service": "iam"}]}, "Checks keys", ""),
        ({"Description": "Checks keys", "Attributes": [{"Description": "Why"}]}, "Checks keys", "Why"),
        ({"Description": LONG, "Attributes": [{"Title": "Accounts"}]}, "Accounts", LONG.strip()),
        ({"Description": "word " * 90, "Attributes": [{"SubSection": "1.1 Keys"}]}, "1.1 Keys", ("word " * 90).strip()),
        ({}, "r_1", ""),
    ],
)
def test_the_title_is_the_name_and_long_texts_are_the_description(
    requirement: dict[str, Any], title: str, description: str
) -> None:
    """Without a name that says something, the first sentence; the whole text is the description."""
    read = legacy(**requirement).requirements[0]
    assert (read.title, read.description) == (title, description)


def test_a_long_name_is_cut_at_a_word() -> None:
    """Prowler's SOC 2 has names of 308 characters."""
    title = legacy(Name="Management establishes structures " * 9, Description="x").requirements[0].title
    assert len(title) <= TITLE_LENGTH
    assert title.endswith(("structures…", "establishes…", "Management…"))


def test_conditions_are_kept_with_their_provider() -> None:
    """Both kinds of files; counted for checks with findings only."""
    condition = {"Check": "c", "ConfigKey": "max_days", "Operator": "lte", "Value": 45}
    wanted = ScanCondition(provider="aws", check_id="c", setting="max_days", operator="lte", value=45)
    read = legacy(Checks=["c"], ConfigRequirements=[condition])
    assert read.requirements[0].conditions == (wanted,)
    several = [{**condition, "Provider": "AWS"}, {**condition, "Check": "d", "Value": ["a", 1, False]}]
    conditions = universal("Theme", checks={"aws": ["c"]}, config_requirements=several).conditions
    assert conditions[0] == wanted
    assert (conditions[1].provider, conditions[1].value) == ("*", ("a", 1, False))
    assert [count_open(conditions, checks) for checks in ((), ("c",), ("c", "d"), ("e",))] == [0, 1, 2, 0]
    assert read_framework(write_framework(read), name="stored.json") == read


def test_every_file_at_hand_has_short_titles_and_its_own_sections(shared: Path) -> None:
    """The same holds for all files of Prowler 5.46; those of others are not kept here."""
    paths = sorted((shared / "frameworks").glob("*.json"))
    assert len(paths) > 10
    for path in paths:
        tree = json.loads(path.read_bytes())
        framework = read_framework(path.read_bytes(), name=path.name)
        assert max(len(requirement.title) for requirement in framework.requirements) <= TITLE_LENGTH
        if (group_by := tree.get("outputs", {}).get("table_config", {}).get("group_by")) is not None:
            wanted = [" ".join(each["attributes"][group_by].split()) for each in tree["requirements"]]
            assert [requirement.section for requirement in framework.requirements] == wanted


ODD: list[tuple[dict[str, Any], str]] = [
    ({"Attributes": {"Section": "S"}}, "Requirements[0].Attributes: must be a list, not a group of fields"),
    ({"Attributes": ["S"]}, "Requirements[0].Attributes[0]: must be a group of fields, not text"),
    ({"Id": 1.1}, "Requirements[0].Id: must be text, not a number (1.1); write it in quotes"),
    ({"Id": " "}, "Requirements[0].Id: must not be empty"),
    ({"Id": "x" * 600}, "Requirements[0].Id: must have at most 500 characters, has 600"),
    ({"Checks": [7]}, "Requirements[0].Checks[0]: must be text, not a number (7); write it in quotes"),
    ({"Checks": ["a\u0007b"]}, "Requirements[0].Checks[0]: 'a\\x07b' contains a control character"),
    ({"Name": ["a"]}, "Requirements[0].Name: must be text, not a list"),
    (
        {"ConfigRequirements": [{"Check": "c", "ConfigKey": "k", "Operator": "<", "Value": 1}]},
        "Requirements[0].ConfigRequirements[0].Operator: must be one of lte, gte, eq, in, subset, superset, not '<'",
    ),
    (
        {"ConfigRequirements": [{"Check": "c", "ConfigKey": "k", "Operator": "eq"}]},
        "Requirements[0].ConfigRequirements[0].Value: is missing",
    ),
    (
        {"ConfigRequirements": [{"Check": "c", "ConfigKey": "k", "Operator": "eq", "Value": {}}]},
        (
            "Requirements[0].ConfigRequirements[0].Value: must be text, a number, true, false or a list of these, "
            "not a group of fields"
        ),
    ),
]


@pytest.mark.parametrize(("requirement", "message"), ODD)
def test_odd_files_are_refused_with_the_place_and_the_reason(requirement: dict[str, Any], message: str) -> None:
    """One problem per mistake, in Prowler's own field names."""
    with pytest.raises(ConfigurationError) as caught:
        legacy(**requirement)
    assert [f"{problem.field}: {problem.message}" for problem in caught.value.details] == [message]


def test_odd_attributes_of_a_file_for_several_providers_are_one_problem() -> None:
    """They may be a group of fields or a list of groups."""
    with pytest.raises(ConfigurationError) as caught:
        universal("Theme", attributes="Theme")
    (problem,) = caught.value.details
    assert problem.field == "requirements[0].attributes"
    assert problem.message == "must be a group of fields or a list of such groups, not text"


def test_a_provider_of_several_words_is_refused() -> None:
    """No finding could ever name it."""
    file = {"Framework": "F", "Provider": "Google Cloud", "Requirements": [{"Id": "a", "Checks": ["c"]}]}
    with pytest.raises(ConfigurationError, match=r"'google cloud' is no provider; write it as one word"):
        read_framework(json.dumps(file).encode(), name="f.json")


TOLERATED: list[dict[str, Any]] = [
    {},
    {"Attributes": None},
    {"Attributes": []},
    {"Name": None, "ConfigRequirements": None},
    {"Name": "경영진의 참여", "Description": "Ünïcode — текст \u202e", "Attributes": [{"Section": "1. 관리체계"}]},
    {"Description": "x" * 1_000_000, "Attributes": [{"Section": "s" * 2000}]},
    {"Description": "a\u0000b\u001b[31m", "Name": "bell\u0007"},
    {"Checks": ["no_such_check", "no_such_check"]},
    {"Checks": ["c" * 500], "Tactics": ["t\u0000"]},
]


@pytest.mark.parametrize("requirement", TOLERATED)
def test_odd_but_meaningful_files_are_read_and_survive_storing(requirement: dict[str, Any]) -> None:
    """Missing attributes, other scripts, a megabyte of text, control characters, unknown checks."""
    framework = legacy(**requirement)
    assert read_framework(write_framework(framework), name="stored.json") == framework
    read = framework.requirements[0]
    assert len(read.title) <= TITLE_LENGTH
    assert len(read.description) <= 20_000


def test_a_text_that_is_cut_says_so() -> None:
    """The limit of a stored description is 20,000 characters."""
    assert legacy(Description="word " * 9_000).requirements[0].description.endswith("word…")
