"""Risk and change as a document tells them: parts and causes with their points, which add up to what stands above."""

from decimal import Decimal
from fractions import Fraction

from policycortex.documents.locales import Locale
from policycortex.documents.model import ChangeCause, RiskPart
from policycortex.scoring.apportion import apportion
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.risk_model import Risk
from policycortex.scoring.risk_model import RiskPart as Part


def risk_rows(risk: Risk | None, locale: Locale) -> tuple[RiskPart, ...]:
    """The parts of the risk score, in RiskPart's order; none when nothing was assessed."""
    if risk is None or risk.total.value is None:
        return ()
    return tuple(
        RiskPart(
            title=locale.text(f"risk_part.{part}"),
            points=round(risk.total.parts[part], 2),
            note=locale.text(f"risk_part_why.{part}"),
        )
        for part in Part
    )


def change_rows(change: ScoreChange | None, change_points: float | None, locale: Locale) -> tuple[ChangeCause, ...]:
    """Causes that touched findings; their points add up to ``change_points``, one digit as the document writes it."""
    if change is None or change_points is None or change.points is None:
        return ()
    exact = [share.points or Fraction() for share in change.shares]
    total = Decimal(str(change_points))
    # A change that only rounding makes, of two scores that are one, has no cause to be given to.
    points = apportion(exact, total, 1) if any(exact) else [Decimal()] * len(exact)
    return tuple(
        ChangeCause(title=locale.text(f"cause.{share.cause}"), findings=share.findings, points=float(part))
        for share, part in zip(change.shares, points, strict=True)
        if share.findings
    )
