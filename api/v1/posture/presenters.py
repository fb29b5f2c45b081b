"""The response body of a posture, made from the core's values."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from api.platform.responses import FindingTotals
from api.v1.posture.schemas import CoverageAnswer, ModelScore, PostureAnswer, RequirementPosture
from policycortex.frameworks.model import Framework
from policycortex.names import RequirementResult
from policycortex.period import Period
from policycortex.scoring.model import Posture
from policycortex.scoring.rounding import round_pct


def present_posture(
    posture: Posture,
    framework: Framework,
    period: Period,
    *,
    known_on: datetime | None,
    only: Collection[RequirementResult],
    has_uncounted_imports: bool,
) -> PostureAnswer:
    """The posture; ``only`` limits the listed requirements, empty lists all. Counts and scores are always of all."""
    counted = Counter(requirement.result for requirement in posture.requirements)
    return PostureAnswer.model_validate(
        {
            "framework": framework.id,
            "framework_version": framework.version,
            "crosswalk": framework.edition,
            "period": period,
            "known_on": known_on,
            "compliance_score": round_pct(posture.score.value_pct),
            "scores": [
                ModelScore(
                    model=score.model,
                    model_version=score.model_version,
                    value=round_pct(score.value_pct),
                    numerator=score.numerator,
                    denominator=score.denominator,
                )
                for score in posture.scores.values()
            ],
            "findings": FindingTotals.model_validate(posture.counts),
            "coverage": CoverageAnswer.model_validate(posture.score.coverage),
            "has_uncounted_imports": has_uncounted_imports,
            "results": {result: counted[result] for result in RequirementResult},
            "requirements": [
                RequirementPosture(
                    id=each.id,
                    title=each.title,
                    section=each.section,
                    parent=each.parent,
                    result=each.result,
                    stated=each.stated,
                    decided_by=each.decided_by,
                    is_met=each.is_met,
                    findings=FindingTotals.model_validate(each.counts),
                    excluded=FindingTotals.model_validate(each.excluded),
                    checks=list(each.checks),
                )
                for each in posture.requirements
                if not only or each.result in only
            ],
        }
    )
