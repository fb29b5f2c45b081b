"""Requests for attestations: which requirements are meant, and what is wrong with a request."""

from datetime import UTC, datetime
from typing import Any

import pytest

from policycortex.errors import RequestError
from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.requests.attestation_body import AttestationRequest, parse_attestation
from policycortex.scoring.attestations import AttestationScope, Statement

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def parse(scope: dict[str, Any], **changed: Any) -> AttestationRequest:  # noqa: ANN401 - JSON
    """A good request with this scope."""
    body = {"statement": "not_applicable", "scope": scope, "reason": "none here", "until": "2027-01-01T00:00:00Z"}
    return parse_attestation(body | changed, now=NOW, frameworks=load_builtin_frameworks())


def test_requirements_in_any_spelling_with_their_parts() -> None:
    """Kept in the standard's own spelling and order."""
    wanted = parse({"framework": "soc2", "requirements": ["p_1_1", "A1.1"], "accounts": ["b", "a", "b"]})
    assert wanted.scope == AttestationScope(framework="soc2", requirements=("A1.1", "P1.1"), accounts=("b", "a"))
    assert (wanted.statement, wanted.valid.start) == (Statement.NOT_APPLICABLE, NOW)
    standard = parse({"framework": "hipaa", "requirements": ["164.308(a)(7)(i)"]})
    assert len(standard.scope.requirements) == 6


def test_a_profile_or_a_section_as_a_whole() -> None:
    """The profile's name is kept for display."""
    privacy = parse({"framework": "soc2", "profile": "privacy"}).scope
    assert (privacy.profile, len(privacy.requirements)) == ("privacy", 18)
    section = load_builtin_frameworks()["soc2"].requirements[0].section
    assert {"CC1.1", "CC1.5"} <= set(parse({"framework": "soc2", "section": section}).scope.requirements)


@pytest.mark.parametrize(
    ("scope", "changed", "field", "words"),
    [
        ({"framework": "soc3", "requirements": ["CC1.1"]}, {}, "scope.framework", "soc2"),
        ({"framework": "soc2"}, {}, "scope", "one of the three"),
        ({"framework": "soc2", "profile": "privacy", "requirements": ["CC1.1"]}, {}, "scope", "one of the three"),
        ({"framework": "soc2", "requirements": ["CC1.99"]}, {}, "scope.requirements", "CC1.99"),
        ({"framework": "soc2", "profile": "privcy"}, {}, "scope.profile", "privacy"),
        ({"framework": "nist_csf", "profile": "privacy"}, {}, "scope.profile", "none"),
        ({"framework": "soc2", "section": "Else"}, {}, "scope.section", "Else"),
        ({"framework": "soc2", "profile": "privacy"}, {"statement": "maybe"}, "statement", "not_applicable"),
        ({"framework": "soc2", "profile": "privacy"}, {"reason": " "}, "reason", "auditors"),
        ({"framework": "soc2", "profile": "privacy"}, {"until": "2026-01-01T00:00:00Z"}, "until", "after"),
        ({"framework": "soc2", "profile": "privacy"}, {"until": "2031-01-01T00:00:00Z"}, "until", "Three years"),
    ],
)
def test_what_is_wrong_is_named(scope: dict[str, Any], changed: dict[str, Any], field: str, words: str) -> None:
    """Each with its field, and with what is known."""
    with pytest.raises(RequestError) as refused:
        parse(scope, **changed)
    assert [(problem.field, words in problem.message) for problem in refused.value.details] == [(field, True)]
