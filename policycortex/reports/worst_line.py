"""The sentence about the worst failing finding, for key messages and the risk profile."""

from policycortex.documents.locales import Locale
from policycortex.scoring.risk_model import Risk


def worst_line(risk: Risk | None, locale: Locale, points: str) -> str:
    """What, where and since when the worst finding fails, with its points; "" where nothing fails."""
    worst = risk.worst if risk else None
    if worst is None:
        return ""
    place = ", ".join(part for part in (worst.resource_uid, worst.account_id, worst.environment) if part)
    what = worst.title or worst.check_id
    if worst.failing_since is None:
        return locale.text("risk.worst_line_undated", points=points, what=what, place=place)
    since = locale.day(worst.failing_since)
    return locale.text("risk.worst_line", points=points, what=what, place=place, since=since)
