"""Numbers that are written rounded and still add up: largest remainders (Hamilton's method)."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor


def apportion(parts: Sequence[Fraction], total: Decimal, digits: int) -> list[Decimal]:
    """Each part to ``digits`` places so that they sum to ``total``, which must lie on that grid; zeros stay zero.

    Each part is moved by less than one step where ``total`` is the parts' own sum rounded. Raises ValueError where a
    total that is not 0 meets parts that all are: there is nobody to give it to.
    """
    scale = 10**digits
    steps = [floor(part * scale) for part in parts]
    missing = int(total * scale) - sum(steps)
    order = sorted((n for n, part in enumerate(parts) if part), key=lambda n: (steps[n] - parts[n] * scale, n))
    if missing and not order:
        raise ValueError(f"cannot share {total} among parts that are all 0")
    for turn in range(abs(missing)):
        index = order[turn % len(order)] if missing > 0 else order[-1 - turn % len(order)]
        steps[index] += 1 if missing > 0 else -1
    return [Decimal(step).scaleb(-digits) for step in steps]
