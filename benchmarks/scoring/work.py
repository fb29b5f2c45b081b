"""CPU of one piece of work in a warm process."""

import time
from collections.abc import Callable
from statistics import median

_COUNTED = 3


def warm_cpu_ms(work: Callable[[], object]) -> float:
    """Median of three calls, after one that loads what is loaded at first use and is not counted."""
    work()
    spent = []
    for _ in range(_COUNTED):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1000)
    return median(spent)
