"""How a score is written down: rounded, yet never to a 0 or a 100 that it is not."""


def round_pct(value_pct: float | None, digits: int = 2) -> float | None:
    """``value_pct`` to ``digits`` places; None stays None.

    A score below 100 is never written 100, one above 0 never 0: 99.996 is 99.99, at one digit 99.95 is 99.9.
    Raises ValueError outside 0-100: such a number is no percentage and must not reach a reader.
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
