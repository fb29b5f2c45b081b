"""Rounds parts so that they still add up to their total: largest remainders (Hamilton's method)."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor


def apportion(parts: Sequence[Fraction], total: Decimal, digits: int) -> list[Decimal]:
    """Round each part to ``digits`` places so that they add up to ``total``, which has as many places; 0 stays 0.

    When ``total`` is the rounded sum of the parts, each part changes by less than one step. Raises ValueError when the
    total is not 0 and all parts are 0.
    """
    scale = 10**digits
    steps = [floor(part * scale) for part in parts]
    missing = int(total * scale) - sum(steps)
    order = sorted((n for n, part in enumerate(parts) if part), key=lambda n: (steps[n] - parts[n] * scale, n))
    if missing and not order:
        raise ValueError(f"cannot share {total} among parts that are all 0")
    for number in range(abs(missing)):
        index = order[number % len(order)] if missing > 0 else order[-1 - number % len(order)]
        steps[index] += 1 if missing > 0 else -1
    return [Decimal(step).scaleb(-digits) for step in steps]
