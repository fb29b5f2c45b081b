"""The product's own framework files: what they may contain, and which problems are reported."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from policycortex.errors import ConfigurationError
from policycortex.frameworks.builtin import DATA, load_builtin_frameworks
from policycortex.frameworks.native import framework_schema
from policycortex.frameworks.reading import read_framework, write_framework

YAML = b"""
id: own
name: Own rules
version: "3"
finding_keys: [Own]
requirements:
  - id: "2.10"
    title: Doors locked
    section: Doors
    aliases: [h_2_10]
    manual_for: [gcp]
    weight: 100
    level_of_risk: 5
    checks:
      aws: [door_locked]
      "*": [window_closed]
  - {id: "2.2", title: Keys counted}
crosswalk:
  checks:
    aws:
      door_locked: ["2.2"]
      garage: []
"""


def problems_in(tree: dict[str, Any] | bytes, name: str = "f.json") -> list[tuple[str, str]]:
    """Every problem as (path, message)."""
    data = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    with pytest.raises(ConfigurationError) as caught:
        read_framework(data, name=name)
    assert name in str(caught.value)
    return [(p.field, p.message) for p in caught.value.details]


def whole(**fields: object) -> dict[str, Any]:
    """A good tree but for ``fields``."""
    good = {"id": "f", "name": "F", "version": "1", "requirements": [{"id": "1", "title": "One"}]}
    return good | fields


def test_a_yaml_file_is_read() -> None:
    """Both ways of relating checks add up, in the framework's spelling."""
    framework = read_framework(YAML, name="own.yaml")
    assert (framework.id, framework.version, [r.id for r in framework.requirements]) == ("own", "3", ["2.10", "2.2"])
    assert dict(framework.crosswalk.relations) == {
        ("aws", "door_locked"): ("2.2", "2.10"), ("aws", "garage"): (), ("*", "window_closed"): ("2.10",),
    }  # fmt: skip
    first = framework.requirements[0]
    assert (first.manual_for, first.weight, first.level_of_risk) == (frozenset({"gcp"}), 100.0, 5.0)
    assert framework.requirements[1].section == "Requirements"


def test_the_version_of_relations_follows_their_content() -> None:
    """The same relations have the same version, others another; a given one stands."""
    framework = read_framework(YAML, name="own.yaml").crosswalk.version
    other = read_framework(YAML.replace(b"garage", b"cellar"), name="own.yaml").crosswalk.version
    given = read_framework(YAML.replace(b"crosswalk:", b"crosswalk:\n  version: mine"), name="own.yaml")
    assert framework.startswith("sha256:")
    assert framework != other
    assert given.crosswalk.version == "mine"


@pytest.mark.parametrize("framework_id", load_builtin_frameworks())
def test_what_is_written_is_read_back(framework_id: str) -> None:
    """Every built-in framework survives the product's own form."""
    builtin = load_builtin_frameworks()[framework_id]
    back = read_framework(write_framework(builtin), name="stored.json", base={})
    assert (back.requirements, back.crosswalk, back.finding_keys) == (
        builtin.requirements, builtin.crosswalk, builtin.finding_keys,
    )  # fmt: skip


def test_the_published_schema_is_the_one_in_use() -> None:
    """``data/framework.schema.json`` is generated from the shapes that read the files."""
    assert json.loads((DATA / "framework.schema.json").read_text(encoding="utf-8")) == framework_schema()


def test_all_problems_are_reported_at_once_with_their_paths() -> None:
    """Unknown fields with the nearest known one, numbers for text, missing titles, providers in capitals."""
    requirements = [
        {"id": 2.1, "title": "One", "wieght": 3},
        {"id": "2", "checks": {"AWS": ["c"]}},
        {"id": "3", "title": "Three", "weight": -1, "checks": {"aws": "c"}},
    ]
    allowed = "$schema, id, name, version, source, finding_keys, providers, requirements, crosswalk."
    allowed_below = (
        "id, title, section, description, aliases, manual_for, weight, level_of_risk, parent, kind, tags, conditions, "
        "strength, checks."
    )
    assert problems_in(whole(requirements=requirements, colour="red")) == [
        ("requirements[0].id", "must be text, not a number (2.1); write it in quotes"),
        ("requirements[0].wieght", f'is not known here; allowed are {allowed_below} Did you mean "weight"?'),
        ("requirements[1].title", "is missing"),
        (
            "requirements[1].checks.AWS",
            "'AWS' must be a provider in lower case without spaces (aws, azure, gcp...), or * for any",
        ),
        ("requirements[2].weight", "should be greater than or equal to 0, got -1"),
        ("requirements[2].checks.aws", "must be a list, not text"),
        ("colour", f"is not known here; allowed are {allowed}"),
    ]


def test_spellings_that_stand_for_two_requirements_are_refused() -> None:
    """The same id twice, case aside, and an alias that is another's id."""
    requirements = [
        {"id": "A1", "title": "x"},
        {"id": "a1", "title": "y"},
        {"id": "b", "title": "z", "aliases": ["A1"]},
    ]
    assert problems_in(whole(requirements=requirements)) == [
        ("requirements[1].id", '"a1" is also the id of requirements[0]'),
        ("requirements[2].aliases", '"A1" is already used for requirements[0]'),
    ]


def test_relations_to_no_requirement_are_reported_with_the_nearest() -> None:
    """A typing error in a re-mapping file for a built-in framework."""
    tree = {"id": "soc2", "crosswalk": {"checks": {"aws": {"c": ["CC6.1", "CC6.11"]}}}}
    assert problems_in(tree) == [
        ("crosswalk.checks.aws.c[1]", '"CC6.11" is not a requirement of soc2. Did you mean "CC6.1"?')
    ]


def test_a_remap_of_nothing_known_is_reported_with_the_nearest() -> None:
    """No framework of that id."""
    tree = {"id": "sox2", "crosswalk": {"checks": {"aws": {"c": []}}}}
    assert problems_in(tree) == [
        ("requirements", 'is missing, and there is no framework "sox2" to re-map. Did you mean "soc2"?')
    ]


@pytest.mark.parametrize(
    ("tree", "field", "message"),
    [
        (whole(requirements=[]), "requirements", "must not be empty"),
        (whole(id="My Rules"), "id", "'My Rules' must be lower-case letters"),
        (whole(name=None, version=None), "name", "is missing"),
        ({"id": "f", "name": "F", "version": "1"}, "requirements", "is missing, and there is no crosswalk"),
        (whole(requirements={"1": "One"}), "requirements", "must be a list, not a group of fields"),
        (whole(requirements=["One"]), "requirements[0]", "must be a group of fields, not text"),
        (
            whole(requirements=[{"id": "1", "title": "a\x00b"}]),
            "requirements[0].title",
            "'a\\x00b' contains a control character",
        ),
        (whole(requirements=[{"id": "1", "title": " "}]), "requirements[0].title", "must not be empty"),
        (
            whole(requirements=[{"id": "1", "title": "\ud800"}]),
            "requirements[0].title",
            "contains half a character pair",
        ),
        (whole(requirements=[{"id": "1", "title": "x" * 501}]), "requirements[0].title", "must have at most 500"),
        (whole(name=True), "name", "must be text, not true or false (True); write it in quotes"),
    ],
)
def test_each_wrong_value_has_its_message(tree: dict[str, Any], field: str, message: str) -> None:
    """Path and beginning of the message."""
    found = problems_in(tree)[0]
    assert (found[0], found[1][: len(message)]) == (field, message)


def test_a_requested_id_must_be_the_files() -> None:
    """An explicit id may not contradict the file."""
    with pytest.raises(ConfigurationError, match='"f" in the file, but "g" was requested'):
        read_framework(json.dumps(whole()).encode(), name="f.json", framework_id="g")
    with pytest.raises(ConfigurationError, match="must be lower-case"):
        read_framework(json.dumps(whole()).encode(), name="f.json", framework_id="../g")


def test_the_files_in_the_documentation_are_good() -> None:
    """Each YAML block of ``docs/frameworks.md`` is read as it stands."""
    text = (Path(__file__).parents[3] / "docs/frameworks.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    assert [read_framework(block.encode(), name="docs.yaml").id for block in blocks] == ["acme", "soc2"]
