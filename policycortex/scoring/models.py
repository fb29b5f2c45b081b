"""The score models. Each is a pure function of requirement assessments and distinct counts.

Formulas with examples are in ``docs/scoring.md``. A change of a formula raises the model's version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policycortex.names import Decider, RequirementResult, Severity
from policycortex.scoring.model import Counts, Coverage, RequirementAssessment, Score
from policycortex.scoring.rounding import percent_of

SEVERITY_WEIGHTS: Final[Mapping[str, int]] = {
    Severity.CRITICAL: 16,
    Severity.HIGH: 8,
    Severity.MEDIUM: 4,
    Severity.LOW: 2,
    Severity.INFORMATIONAL: 1,
}
"""Each lower severity has half the weight, and none has zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreInputs:
    """What a model calculates from."""

    requirements: Sequence[RequirementAssessment]
    facts: Sequence[RequirementAssessment]
    """The requirements without those that repeat others: no parents, no two parts decided by the same checks."""
    concluded: Sequence[RequirementAssessment]
    """The same, and each part that people decide: a statement on each part is a fact of its own."""
    counts: Counts
    """Distinct findings related to the framework."""
    by_severity: Mapping[str, Counts]
    """The same, by severity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreModel:
    """One way to calculate a score."""

    name: str
    """Stored with every score, and the key of its text under ``model`` in ``templates/locales``."""
    version: str
    calculate: Callable[[ScoreInputs], tuple[float, float] | None]
    """Numerator and denominator; a denominator of 0 means that nothing was assessed. None: the model does not apply."""


def score_all(
    requirements: Sequence[RequirementAssessment],
    counts: Counts,
    by_severity: Mapping[str, Counts],
    *,
    models: Sequence[ScoreModel] | None = None,
    facts: Sequence[RequirementAssessment] | None = None,
    concluded: Sequence[RequirementAssessment] | None = None,
) -> dict[str, Score]:
    """Calculate every model that applies (of MODELS unless given), by name.

    ``counts`` and ``by_severity`` are of distinct findings related to the framework. ``facts`` are the requirements
    that count once, where that are not all; ``concluded`` are those of ``requirements_met``.
    """
    inputs = ScoreInputs(
        requirements=requirements,
        facts=requirements if facts is None else facts,
        concluded=requirements if concluded is None else concluded,
        counts=counts,
        by_severity=by_severity,
    )
    scores = {}
    for model in MODELS if models is None else models:
        ratio = model.calculate(inputs)
        if ratio is not None:
            scores[model.name] = _score(model, *ratio, inputs)
    return scores


def _findings_pass_rate(inputs: ScoreInputs) -> tuple[float, float]:
    return inputs.counts.passed, inputs.counts.assessed


def _requirements_passed(inputs: ScoreInputs) -> tuple[float, float]:
    assessed = _assessed(inputs.facts)
    return sum(r.result is RequirementResult.COMPLIANT for r in assessed), len(assessed)


def _requirements_met(inputs: ScoreInputs) -> tuple[float, float] | None:
    """As ``requirements_passed``, with what people state where scanners do not decide."""
    if not inputs.requirements:
        return None
    decided = [r for r in inputs.concluded if r.decided_by is not None]
    return sum(r.is_met is True for r in decided), len(decided)


def _severity_weighted(inputs: ScoreInputs) -> tuple[float, float]:
    counts = inputs.by_severity.items()
    return (
        sum(SEVERITY_WEIGHTS[severity] * c.passed for severity, c in counts),
        sum(SEVERITY_WEIGHTS[severity] * c.assessed for severity, c in counts),
    )


def _threatscore(inputs: ScoreInputs) -> tuple[float, float] | None:
    """Prowler App's formula: findings weighted by W * (1 + 0.25 * R) of each requirement with findings."""
    if all(r.weight is None for r in inputs.requirements):
        return None
    weights = [(r, (r.weight or 0.0) * (1 + 0.25 * (r.level_of_risk or 0.0))) for r in inputs.requirements]
    return (
        sum(weight * r.counts.passed for r, weight in weights),
        sum(weight * r.counts.assessed for r, weight in weights),
    )


MODELS: Final = (
    ScoreModel(name="findings_pass_rate", version="1", calculate=_findings_pass_rate),
    ScoreModel(name="requirements_passed", version="1", calculate=_requirements_passed),
    ScoreModel(name="requirements_met", version="1", calculate=_requirements_met),
    ScoreModel(name="severity_weighted", version="1", calculate=_severity_weighted),
    ScoreModel(name="prowler_threatscore", version="1", calculate=_threatscore),
)
"""Every model, in the order of reports."""

DEFAULT_MODEL: Final = "findings_pass_rate"


def _assessed(requirements: Sequence[RequirementAssessment]) -> list[RequirementAssessment]:
    decided = (RequirementResult.COMPLIANT, RequirementResult.NON_COMPLIANT)
    return [r for r in requirements if r.result in decided]


def _coverage(requirements: Sequence[RequirementAssessment], concluded: Sequence[RequirementAssessment]) -> Coverage:
    """Who decides is counted over the rows of ``requirements_met``, the rest over all requirements."""
    excluded = sum(r.result is RequirementResult.NOT_APPLICABLE for r in requirements)
    deciders = [r.decided_by for r in concluded if r.result is not RequirementResult.NOT_APPLICABLE]
    return Coverage(
        assessed=len(_assessed(requirements)),
        total=len(requirements) - excluded,
        not_applicable=excluded,
        by_scanner=deciders.count(Decider.SCANNER),
        by_people=deciders.count(Decider.PEOPLE),
        open=deciders.count(None),
    )


def _score(model: ScoreModel, numerator: float, denominator: float, inputs: ScoreInputs) -> Score:
    return Score(
        model=model.name,
        model_version=model.version,
        value_pct=percent_of(numerator, denominator),
        numerator=numerator,
        denominator=denominator,
        excluded=Counts(muted=inputs.counts.muted, waived=inputs.counts.waived, manual=inputs.counts.manual),
        coverage=_coverage(inputs.requirements, inputs.concluded),
    )
