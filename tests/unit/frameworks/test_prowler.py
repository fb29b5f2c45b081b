"""Prowler's files of both kinds: on the real ones with the scanner's own counts, and small ones by hand."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from policycortex.errors import ConfigurationError
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.reading import read_framework, write_framework
from policycortex.names import RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import MAPPING_SCHEMA, WAIVED_SCHEMA

Sample = tuple[pl.DataFrame, pl.DataFrame]
_RESULTS = {
    "PASS": RequirementResult.COMPLIANT,
    "FAIL": RequirementResult.NON_COMPLIANT,
    "NO_DATA": RequirementResult.NOT_ASSESSED,
    "MANUAL": RequirementResult.MANUAL,
}


@pytest.mark.parametrize(
    "key",
    [
        "cis_6.0_aws",
        "csa_ccm_4.0",
        "hipaa_aws",
        "iso27001_2022_aws",
        "nist_800_53_revision_5_aws",
        "prowler_threatscore_aws",
        "soc2_aws",
    ],
)
def test_uploaded_files_count_as_the_scanner_does(
    key: str, shared: Path, sample: Sample, oracle: Mapping[str, Any]
) -> None:
    """Ids in the file's order, counts and strict status of each, with and without the findings' own relations."""
    path = shared / "frameworks" / f"{key}.json"
    framework = read_framework(path.read_bytes(), name=path.name)
    wanted = oracle[key]["requirements"]
    assert (framework.id, [r.id for r in framework.requirements]) == (key, list(wanted))
    for mappings in (sample[1], MAPPING_SCHEMA.to_frame()):
        relations = expand_crosswalk(framework, sample[0], mappings)
        posture = assess_posture(framework, tallies=sample[0], relations=relations, waived=WAIVED_SCHEMA.to_frame())
        for judged in posture.requirements:
            row, counts = wanted[judged.id], judged.counts
            assert (counts.passed, counts.failed, counts.manual, counts.muted) == (
                row["pass"], row["fail"], row["manual"], row["muted"],
            )  # fmt: skip
            assert judged.result is _RESULTS[row["strict_status"]]


def test_threatscore_equals_the_scanners_app(shared: Path, sample: Sample, oracle: Mapping[str, Any]) -> None:
    """Weights and levels of risk are read: the score agrees to two decimals."""
    path = shared / "frameworks/prowler_threatscore_aws.json"
    framework = read_framework(path.read_bytes(), name=path.name)
    relations = expand_crosswalk(framework, *sample)
    posture = assess_posture(framework, tallies=sample[0], relations=relations, waived=WAIVED_SCHEMA.to_frame())
    value = posture.scores["prowler_threatscore"].value_pct
    assert value is not None
    assert round(value, 2) == oracle["prowler_threatscore_aws"]["threatscore_app_formula"]


def test_every_real_file_survives_storing(shared: Path) -> None:
    """Written in the product's form and read back, nothing is lost."""
    for path in sorted((shared / "frameworks").glob("*.json")):
        framework = read_framework(path.read_bytes(), name=path.name)
        assert read_framework(write_framework(framework), name="stored.json") == framework


def legacy(**fields: object) -> bytes:
    """A small file of the legacy kind."""
    requirements = [
        {"Id": "a", "Name": "Name", "Description": "Long.", "Attributes": [{"Section": "S"}], "Checks": ["c1", "c2"]},
        {"Id": "b", "Description": "Only\nwords", "Attributes": [{"Weight": 10, "LevelOfRisk": 2}], "Checks": []},
    ]
    file = {"Framework": "My-Rules", "Version": "2.0", "Provider": "AWS", "Requirements": requirements}
    return json.dumps(file | fields).encode()


def test_a_legacy_file_is_read() -> None:
    """Key as Prowler writes it, provider in lower case, what has no check is a person's."""
    framework = read_framework(legacy(), name="body")
    assert (framework.id, framework.finding_keys) == ("my_rules_2.0_aws", ("My-Rules-2.0",))
    assert framework.providers == {"aws"}
    assert dict(framework.crosswalk.relations) == {("aws", "c1"): ("a",), ("aws", "c2"): ("a",)}
    first, second = framework.requirements
    assert (first.title, first.section, first.description, first.manual_for) == ("Name", "S", "Long.", frozenset())
    assert (second.title, second.weight, second.level_of_risk) == ("Only words", 10.0, 2.0)
    assert second.manual_for == {"aws"}


@pytest.mark.parametrize(
    ("name", "framework_id", "wanted"),
    [
        ("my_rules_aws.json", None, "my_rules_aws"),
        ("upload (3).json", None, "my_rules_2.0_aws"),
        ("", None, "my_rules_2.0_aws"),
        ("my_rules_aws.json", "ours", "ours"),
    ],
)
def test_the_id_is_prowlers_name_of_the_file(name: str, framework_id: str | None, wanted: str) -> None:
    """An explicit id first, then the file's name where it is one of Prowler's kind, then a slug like it."""
    assert read_framework(legacy(), name=name, framework_id=framework_id).id == wanted


def test_a_key_without_version_is_the_framework_alone() -> None:
    """As ``SOC2`` and ``HIPAA`` are written."""
    assert read_framework(legacy(Version=""), name="").finding_keys == ("My-Rules",)


def test_a_universal_file_is_read() -> None:
    """No check for a provider is a person's there; no check at all, a person's everywhere."""
    requirements = [
        {"id": "x", "name": "X", "attributes": {"Section": "S"}, "checks": {"AWS": ["c1"], "azure": ["c2"]}},
        {"id": "y", "name": "Y", "attributes": [{"Section": "S"}], "checks": {"aws": ["c1"], "azure": []}},
        {"id": "z", "name": "Z", "checks": {}},
    ]
    file = {"framework": "CSA-CCM", "version": "4.0", "requirements": requirements}
    framework = read_framework(json.dumps(file).encode(), name="")
    assert framework.id == "csa_ccm_4.0"
    assert framework.providers == frozenset()
    assert dict(framework.crosswalk.relations) == {("aws", "c1"): ("x", "y"), ("azure", "c2"): ("x",)}
    assert [r.manual_for for r in framework.requirements] == [frozenset(), frozenset({"azure"}), frozenset({"*"})]


@pytest.mark.parametrize(
    ("file", "field", "message"),
    [
        (legacy(Requirements=[]), "Requirements", "must not be empty"),
        (legacy(Framework=None), "Framework", "must be text, not empty"),
        (legacy(Requirements=[{"Checks": []}]), "Requirements[0].Id", "is missing"),
        (
            legacy(Requirements=[{"Id": "a"}, {"Id": "A"}]),
            "Requirements[1].id",
            '"A" is also the id of Requirements[0]',
        ),
        (legacy(Requirements=[{"Id": "a", "Checks": "c"}]), "Requirements[0].Checks", "must be a list, not text"),
        (
            legacy(Requirements=[{"Id": "a", "Attributes": [{"Weight": -1}]}]),
            "Requirements[0].Weight",
            "must be 0 or more, got -1.0",
        ),
    ],
)
def test_bad_files_are_reported(file: bytes, field: str, message: str) -> None:
    """The path in Prowler's own field names."""
    with pytest.raises(ConfigurationError) as caught:
        read_framework(file, name="f.json")
    assert [(p.field, p.message) for p in caught.value.details] == [(field, message)]


def test_words_for_a_level_of_risk_are_no_weights() -> None:
    """Prowler's Well-Architected files say ``High``."""
    requirement = {"Id": "a", "Attributes": [{"LevelOfRisk": "High", "Weight": True}], "Checks": ["c"]}
    read = read_framework(legacy(Requirements=[requirement]), name="").requirements[0]
    assert (read.weight, read.level_of_risk) == (None, None)
