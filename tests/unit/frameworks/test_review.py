"""Strengths of relations: where they come from, and what the editions make of them."""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

import polars as pl
import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.frameworks.overlay import overlay
from policycortex.frameworks.reading import read_framework, write_framework
from policycortex.frameworks.review import AddedRelation, Review, ReviewedRelation, ReviewRule
from policycortex.names import CrosswalkEdition, RelationStrength, RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA, WAIVED_SCHEMA

DIRECT, SUPPORTING, CONTRARY = RelationStrength


def relation(strength: RelationStrength) -> ReviewedRelation:
    """A relation whose reason is its strength."""
    return ReviewedRelation(strength=strength, reason=strength.value)


REVIEW: Final = Review(
    version="2026.11",
    digest="sha256:0",
    rules=(
        ReviewRule(requirements=("R1",), checks=("test_*",), relation=relation(DIRECT)),
        ReviewRule(requirements=("R2",), checks=("other",), provider="gcp", relation=relation(DIRECT)),
        ReviewRule(requirements=("R2",), checks=("other",), relation=relation(CONTRARY)),
        ReviewRule(requirements=("*",), checks=("*",), relation=relation(SUPPORTING)),
    ),
    added={("aws", "late"): (AddedRelation(requirement_ids=("R1", "R9"), relation=relation(DIRECT)),)},
    manual=("R3",),
    assessable=("R4",),
)
TINY: Final = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=tuple(
        Requirement(id=i, title=i, section="All", manual_for=frozenset({"aws"} if i == "R4" else ()))
        for i in ("R1", "R2", "R3", "R4")
    ),
    crosswalk=Crosswalk(
        version="1",
        relations={("aws", "test_a"): ("R1", "R2"), ("aws", "other"): ("R1", "R2"), ("gcp", "other"): ("R2",)},
    ),
    finding_keys=("Tiny",),
    review=REVIEW,
)


def tallies(*rows: tuple[str, str, int, int]) -> pl.DataFrame:
    """Rows of (provider, check, passed, failed), all of mapping ``m``."""
    full = [(provider, check, "m", "high", passed, failed, 0, 0) for provider, check, passed, failed in rows]
    return pl.DataFrame(full, schema=TALLY_SCHEMA, orient="row")


def related(framework: Framework, counted: pl.DataFrame) -> set[tuple[str, ...]]:
    """(check, requirement, strength) of every relation."""
    frame = expand_crosswalk(framework, counted, MAPPING_SCHEMA.to_frame())
    return set(frame.select("check_id", "requirement_id", "strength").rows())


def results(framework: Framework, counted: pl.DataFrame) -> dict[str, RequirementResult]:
    """The result of every requirement."""
    relations = expand_crosswalk(framework, counted, MAPPING_SCHEMA.to_frame())
    posture = assess_posture(framework, tallies=counted, relations=relations, waived=WAIVED_SCHEMA.to_frame())
    return {r.id: r.result for r in posture.requirements}


def test_the_first_matching_rule_decides_and_contrary_relations_do_not_count() -> None:
    """R2 drops ``other`` on AWS and keeps it on GCP; what no rule names is supporting."""
    counted = tallies(("aws", "test_a", 1, 0), ("aws", "other", 1, 0), ("gcp", "other", 1, 0))
    assert related(TINY, counted) == {
        ("test_a", "R1", "direct"),
        ("test_a", "R2", "supporting"),
        ("other", "R1", "supporting"),
        ("other", "R2", "direct"),
    }


def test_the_review_adds_relations_to_requirements_that_exist() -> None:
    """``late`` has no relation of the scanner; R9 is not of this framework."""
    assert related(TINY, tallies(("aws", "late", 1, 0))) == {("late", "R1", "direct")}


def test_the_scanner_edition_has_the_scanners_relations_alone() -> None:
    """All direct, none dropped, none added."""
    scanner = TINY.in_edition(CrosswalkEdition.SCANNER)
    counted = tallies(("aws", "other", 1, 0), ("aws", "late", 1, 0))
    assert related(scanner, counted) == {("other", "R1", "direct"), ("other", "R2", "direct")}


def test_a_relation_that_findings_name_has_the_reviews_strength() -> None:
    """The catalog has no ``test_b``; its findings name R1 and R2."""
    named = pl.DataFrame([("m", "Tiny", "R1"), ("m", "Tiny", "R2")], schema=MAPPING_SCHEMA, orient="row")
    frame = expand_crosswalk(TINY, tallies(("aws", "test_b", 1, 0)), named)
    assert set(frame.select("requirement_id", "strength").rows()) == {("R1", "direct"), ("R2", "supporting")}


def test_supporting_checks_alone_never_make_a_requirement_compliant() -> None:
    """Passing by support alone is its own result; a failing supporting check is a failure."""
    assert results(TINY, tallies(("aws", "other", 3, 0)))["R1"] is RequirementResult.SUPPORTING_EVIDENCE
    assert results(TINY, tallies(("aws", "other", 3, 1)))["R1"] is RequirementResult.NON_COMPLIANT
    assert results(TINY, tallies(("aws", "other", 3, 0), ("aws", "test_a", 1, 0)))["R1"] is RequirementResult.COMPLIANT


def test_what_only_people_can_tell_is_manual_in_the_reviewed_edition() -> None:
    """R3 is manual for everyone, R4 is not although the scanner's file says so; the scanner edition keeps the file."""
    counted = tallies(("aws", "other", 1, 0))
    reviewed, scanner = results(TINY, counted), results(TINY.in_edition(CrosswalkEdition.SCANNER), counted)
    assert (reviewed["R3"], reviewed["R4"]) == (RequirementResult.MANUAL, RequirementResult.NOT_ASSESSED)
    assert (scanner["R3"], scanner["R4"]) == (RequirementResult.NOT_ASSESSED, RequirementResult.MANUAL)


def test_a_users_relation_is_direct_unless_the_file_says_otherwise() -> None:
    """The user relates ``other`` to R2 alone, and says that ``mine`` only supports R1."""
    user = read_framework(
        b'{"id": "tiny", "crosswalk": {"checks": {"aws": {"other": ["R2"], "mine": ["R1"]}},'
        b' "strength": {"aws": {"mine": {"R1": "supporting"}}}}}',
        name="tiny.json",
        base={"tiny": TINY},
    )
    counted = tallies(("aws", "other", 1, 0), ("aws", "mine", 1, 0), ("aws", "test_a", 1, 0))
    assert related(user, counted) == {
        ("other", "R2", "direct"),
        ("mine", "R1", "supporting"),
        ("test_a", "R1", "direct"),
        ("test_a", "R2", "supporting"),
    }


def test_a_copy_of_the_built_in_relations_is_reviewed_like_them() -> None:
    """``frameworks show`` and ``frameworks add`` without a change leave every strength as it is."""
    copy = read_framework(write_framework(TINY), name="copy.json", base={})
    counted = tallies(("aws", "test_a", 1, 0), ("aws", "other", 1, 0))
    assert related(overlay(copy, TINY), counted) == related(TINY, counted)


def test_strengths_are_written_and_read_again() -> None:
    """Of requirements and of single relations."""
    own = replace(
        TINY,
        review=None,
        requirements=(replace(TINY.requirements[0], strength=SUPPORTING), *TINY.requirements[1:]),
        crosswalk=replace(TINY.crosswalk, strengths={("aws", "other", "R2"): CONTRARY}),
    )
    again = read_framework(write_framework(own), name="own.json", base={})
    assert again == own
    counted = tallies(("aws", "test_a", 1, 0), ("aws", "other", 1, 0))
    assert related(again, counted) == {
        ("test_a", "R1", "supporting"),
        ("test_a", "R2", "direct"),
        ("other", "R1", "supporting"),
    }


def test_the_recorded_version_tells_the_editions_apart() -> None:
    """The scanner edition has the version of a framework without any review."""
    plain = replace(TINY, review=None).in_edition(CrosswalkEdition.SCANNER)
    assert recorded_version(TINY.in_edition(CrosswalkEdition.SCANNER)) == recorded_version(plain)
    assert recorded_version(TINY).startswith("1, reviewed 2026.11 #")
    assert not replace(plain, crosswalk=Crosswalk(version="1")).has_editions


def test_an_unknown_strength_is_refused_with_the_allowed_ones() -> None:
    """The message names the field and what it may be."""
    content = b'{"id": "tiny", "crosswalk": {"checks": {}, "strength": {"aws": {"c": {"R1": "strong"}}}}}'
    with pytest.raises(
        Exception, match=r"strength\.aws\.c\.R1.*must be one of direct, supporting, contrary, not 'strong'"
    ):
        read_framework(content, name="tiny.json", base={"tiny": TINY})


def test_better_titles_of_a_builtin_framework_leave_its_recorded_version() -> None:
    """Another title, description or mark assesses nothing anew; a user's framework keeps the version it had."""
    builtin = load_builtin_frameworks()["pci_dss"]
    retitled = replace(
        builtin, requirements=tuple(replace(each, title="x", description="y", tags=()) for each in builtin.requirements)
    )
    assert recorded_version(retitled) == recorded_version(builtin)
    fewer = replace(builtin, requirements=builtin.requirements[1:])
    assert recorded_version(fewer) != recorded_version(builtin)
    own, own_retitled = (replace(each, is_builtin=False) for each in (builtin, retitled))
    assert recorded_version(own) != recorded_version(own_retitled)


@pytest.mark.parametrize(
    "patterns",
    [
        ("iam_user",),
        ("iam_*",),
        ("*",),
        ("*_user",),
        ("iam_?ser",),
        ("[hi]am*",),
        ("x", "s3_*", "*_user"),
        ("iam_us", "IAM_*"),
    ],
)
def test_patterns_of_a_rule_match_as_in_a_shell(patterns: tuple[str, ...]) -> None:
    """Whole ids, beginnings and all others: the same as the standard library's, case-sensitively."""
    rules = (
        ReviewRule(requirements=("*",), checks=patterns, relation=relation(DIRECT)),
        ReviewRule(requirements=("*",), checks=("*",), relation=relation(SUPPORTING)),
    )
    review = Review(version="1", digest="sha256:0", rules=rules, added={})
    for check in ("iam_user", "iam_", "iam", "s3_user", "x", "xs3_", "ham_1", "[hi]am", "IAM_user", ""):
        is_matched = any(fnmatchcase(check, pattern) for pattern in patterns)
        expected = DIRECT if is_matched else SUPPORTING
        assert review.relation_of("aws", check, "R1").strength is expected, check
