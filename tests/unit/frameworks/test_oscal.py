"""OSCAL catalogs: controls in force under their labels, in order, by group."""

import json
from typing import Any

import pytest

from policycortex.errors import ConfigurationError
from policycortex.frameworks.reading import read_framework, write_framework


def control(id: str, label: str | None, title: str, **fields: object) -> dict[str, Any]:  # noqa: A002 - OSCAL's field
    """A control as NIST writes it, with a zero-padded label beside the plain one."""
    props = [{"name": "label", "class": "zero-padded", "value": f"0{label}"}, {"name": "label", "value": label}]
    return {"id": id, "class": "SP800-53", "title": title, "props": props if label else [], **fields}


def catalog(**fields: object) -> bytes:
    """A catalog of one group with a control, an enhancement and a withdrawn one; and a control beside the group."""
    statement = {
        "name": "statement",
        "prose": "Do {{ insert: param, ac-2_prm_1 }}.",
        "parts": [{"name": "item", "prose": "First."}],
    }
    withdrawn = {"props": [{"name": "status", "value": "withdrawn"}]}
    controls = [
        control("ac-2", "AC-2", "Account Management", params=[{"id": "ac-2_prm_1"}], parts=[statement])
        | {
            "controls": [
                control("ac-2.1", "AC-2(1)", "For {{ insert: param, x }}"),
                control("ac-2.10", None, "W") | withdrawn,
            ]
        }
    ]
    body: dict[str, Any] = {
        "uuid": "0",
        "metadata": {"title": "My Catalog", "version": "5.1", "oscal-version": "1.1.2", "last-modified": "now"},
        "groups": [{"id": "ac", "title": "Access Control", "controls": controls}],
        "controls": [control("x-1", None, "Outside")],
        "back-matter": {"resources": []},
    }
    return json.dumps({"catalog": body | fields}).encode()


def test_a_catalog_is_read() -> None:
    """Labels are the ids, OSCAL's own ids aliases; parameters leave a mark; withdrawn controls are left out."""
    framework = read_framework(catalog(), name="nist.json")
    assert (framework.id, framework.name, framework.version) == ("nist", "My Catalog", "5.1")
    assert [(r.id, r.title, r.section) for r in framework.requirements] == [
        ("AC-2", "Account Management", "Access Control"),
        ("AC-2(1)", "For …", "Access Control"),
        ("x-1", "Outside", "Controls"),
    ]
    assert framework.requirements[0].description == "Do ….\nFirst."
    assert framework.requirement_by_spelling()["ac_2_1"] == "AC-2(1)"
    assert framework.requirement_by_spelling()["ac-2.1"] == "AC-2(1)"
    assert read_framework(write_framework(framework), name="stored.json") == framework


def test_groups_in_groups_are_sections() -> None:
    """The path of titles names the section."""
    groups = [{"title": "A", "groups": [{"title": "B", "controls": [control("c", None, "C")]}]}]
    assert read_framework(catalog(groups=groups, controls=[]), name="n").requirements[0].section == "A / B"


def test_labels_that_repeat_give_way_to_ids() -> None:
    """Two controls labelled ``1`` keep OSCAL's ids."""
    controls = [control("a", "1", "A"), control("b", "1", "B")]
    framework = read_framework(catalog(groups=[], controls=controls), name="n")
    assert [(r.id, r.aliases) for r in framework.requirements] == [("a", ()), ("b", ())]


@pytest.mark.parametrize("version", ["1.0.4", "1.1.3", "1.2.0", "v1.2"])
def test_versions_1_are_read(version: str) -> None:
    """All of them have this shape."""
    metadata = {"title": "T", "version": "1", "oscal-version": version}
    assert read_framework(catalog(metadata=metadata), name="n").source == f"OSCAL catalog {version}"


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        (b'{"profile": {}}', "profile", "is an OSCAL model without controls"),
        (catalog(groups=[], controls=[]), "catalog", "contains no control that is in force"),
        (catalog(metadata={"title": "T"}), "catalog.metadata.version", "is missing"),
        (
            catalog(metadata={"title": "T", "version": "1", "oscal-version": "2.0"}),
            "catalog.metadata.oscal-version",
            "must be 1.x, is 2.0",
        ),
        (
            catalog(groups=[], controls=[control("a", None, "A"), control("A", None, "B")]),
            "controls[1].id",
            '"A" is also the id of controls[0]',
        ),
        (catalog(controls=[{"id": 1, "title": "A"}]), "catalog.controls[0].id", "must be text, not a number (1)"),
    ],
)
def test_bad_catalogs_are_reported(data: bytes, field: str, message: str) -> None:
    """The path in OSCAL's own field names."""
    with pytest.raises(ConfigurationError) as caught:
        read_framework(data, name="f.json")
    assert caught.value.details[0].field == field
    assert caught.value.details[0].message.startswith(message)


def test_a_catalog_is_related_by_a_remapping_file() -> None:
    """OSCAL names no checks: a file with the same id and a crosswalk alone brings them."""
    base = {"nist": read_framework(catalog(), name="nist.json")}
    remap = {
        "id": "nist",
        "finding_keys": ["NIST"],
        "crosswalk": {"version": "1", "checks": {"aws": {"c": ["ac_2_1"]}}},
    }
    related = read_framework(json.dumps(remap).encode(), name="remap.json", base=base)
    assert related.requirements == base["nist"].requirements
    assert dict(related.crosswalk.relations) == {("aws", "c"): ("AC-2(1)",)}
    assert related.finding_keys == ("NIST",)
