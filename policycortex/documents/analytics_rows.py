"""Risk and change as a document tells them: parts and causes with their points, which add up to what stands above."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from policycortex.documents.model import ChangeCause, RiskPart
from policycortex.scoring.apportion import apportion
from policycortex.scoring.changes_model import Cause, ScoreChange
from policycortex.scoring.risk_model import Risk
from policycortex.scoring.risk_model import RiskPart as Part

_PARTS: Final[Mapping[Part, tuple[str, str]]] = {
    Part.SEVERITY: ("Severity", "Share of what is at stake that fails, each finding weighed by its severity."),
    Part.EXPOSURE: ("Exposure", "Failing checks that speak of what anybody can reach."),
    Part.AGE: ("Age", "How far failing findings are through the days agreed for their severity."),
    Part.ENVIRONMENT: ("Environment", "How critical the environments are in which findings fail."),
}
_CAUSES: Final[Mapping[Cause, str]] = {
    Cause.FIXED: "Fixed",
    Cause.REGRESSED: "Regressed",
    Cause.NEW_RESOURCES: "New resources",
    Cause.GONE_RESOURCES: "Gone resources",
    Cause.SCOPE_AND_COVERAGE: "Scope and coverage",
    Cause.FRAMEWORK_VERSION: "Framework version",
    Cause.WAIVERS: "Waivers and muting",
}


def risk_rows(risk: Risk | None) -> tuple[RiskPart, ...]:
    """The parts of the risk score, in RiskPart's order; none when nothing was assessed."""
    if risk is None or risk.total.value is None:
        return ()
    return tuple(
        RiskPart(title=title, points=round(risk.total.parts[part], 2), note=note)
        for part, (title, note) in _PARTS.items()
    )


def change_rows(change: ScoreChange | None, change_points: float | None) -> tuple[ChangeCause, ...]:
    """Causes that touched findings; their points add up to ``change_points``, one digit as the document writes it."""
    if change is None or change_points is None or change.points is None:
        return ()
    exact = [share.points or Fraction() for share in change.shares]
    total = Decimal(str(change_points))
    # A change that only rounding makes, of two scores that are one, has no cause to be given to.
    points = apportion(exact, total, 1) if any(exact) else [Decimal()] * len(exact)
    return tuple(
        ChangeCause(title=_CAUSES[share.cause], findings=share.findings, points=float(part))
        for share, part in zip(change.shares, points, strict=True)
        if share.findings
    )
