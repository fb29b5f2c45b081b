"""The score models. Each is a pure function of requirement assessments and distinct counts.

Formulas with examples are in ``docs/scoring.md``. A change of a formula raises the model's version.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from policycortex.names import RequirementResult, Severity
from policycortex.scoring.model import Counts, Coverage, RequirementAssessment, Score

DEFAULT_MODEL: Final = "findings_pass_rate"
MODEL_VERSION: Final = "1"

SEVERITY_WEIGHTS: Final[Mapping[str, int]] = {
    Severity.CRITICAL: 16,
    Severity.HIGH: 8,
    Severity.MEDIUM: 4,
    Severity.LOW: 2,
    Severity.INFORMATIONAL: 1,
}
"""Each lower severity has half the weight, and none has zero."""


def score_all(
    requirements: Sequence[RequirementAssessment], counts: Counts, by_severity: Mapping[str, Counts]
) -> dict[str, Score]:
    """Return every model that applies, by name; ``prowler_threatscore`` only where requirements have weights.

    ``counts`` and ``by_severity`` are of distinct findings mapped to the framework.
    """
    coverage = Coverage(assessed=len(_assessed(requirements)), total=len(requirements))
    excluded = Counts(muted=counts.muted, waived=counts.waived, manual=counts.manual)
    parts: dict[str, tuple[float, float]] = {
        DEFAULT_MODEL: (counts.passed, counts.assessed),
        "requirements_passed": _requirements_passed(requirements),
        "severity_weighted": _severity_weighted(by_severity),
    }
    if any(r.weight is not None for r in requirements):
        parts["prowler_threatscore"] = _threatscore(requirements)
    return {name: _score(name, top, bottom, excluded, coverage) for name, (top, bottom) in parts.items()}


def _requirements_passed(requirements: Sequence[RequirementAssessment]) -> tuple[float, float]:
    assessed = _assessed(requirements)
    return sum(r.result is RequirementResult.COMPLIANT for r in assessed), len(assessed)


def _severity_weighted(by_severity: Mapping[str, Counts]) -> tuple[float, float]:
    top = sum(SEVERITY_WEIGHTS[severity] * c.passed for severity, c in by_severity.items())
    return top, sum(SEVERITY_WEIGHTS[severity] * c.assessed for severity, c in by_severity.items())


def _threatscore(requirements: Sequence[RequirementAssessment]) -> tuple[float, float]:
    """Prowler App's formula: findings weighted by W * (1 + 0.25 * R) of each requirement with findings."""
    weights = [(r, (r.weight or 0.0) * (1 + 0.25 * (r.level_of_risk or 0.0))) for r in requirements]
    return (
        sum(weight * r.counts.passed for r, weight in weights),
        sum(weight * r.counts.assessed for r, weight in weights),
    )


def _assessed(requirements: Sequence[RequirementAssessment]) -> list[RequirementAssessment]:
    decided = (RequirementResult.COMPLIANT, RequirementResult.NON_COMPLIANT)
    return [r for r in requirements if r.result in decided]


def _score(model: str, numerator: float, denominator: float, excluded: Counts, coverage: Coverage) -> Score:
    return Score(
        model=model,
        model_version=MODEL_VERSION,
        value_pct=100 * numerator / denominator if denominator else None,
        numerator=numerator,
        denominator=denominator,
        excluded=excluded,
        coverage=coverage,
    )
