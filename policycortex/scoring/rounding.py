"""Rounding of scores: a score is never rounded to 0 or 100 unless it is exactly that."""


def round_pct(value_pct: float | None, digits: int = 2) -> float | None:
    """Round ``value_pct`` to ``digits`` places; None stays None.

    A score below 100 is never rounded to 100, one above 0 never to 0: 99.996 gives 99.99, and 99.95 with one digit
    gives 99.9. Raises ValueError outside 0-100: such a number is not a percentage and must not be shown.
    """
    if value_pct is None:
        return None
    if not 0 <= value_pct <= 100:
        raise ValueError(f"a score must lie between 0 and 100, got {value_pct}")
    rounded, step = round(value_pct, digits), 10.0**-digits
    if value_pct < 100 <= rounded:
        return round(100 - step, digits)
    if value_pct > 0 >= rounded:
        return round(step, digits)
    return rounded


def pass_pct(passed: int, failed: int) -> float | None:
    """Share of passing among deciding findings, 0-100, as ``round_pct`` writes it; None without any."""
    return round_pct(100 * passed / (passed + failed)) if passed + failed else None
