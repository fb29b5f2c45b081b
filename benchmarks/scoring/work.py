"""CPU time of a function in a warm process."""

import time
from collections.abc import Callable
from statistics import median

_COUNTED = 3


def warm_cpu_ms(work: Callable[[], object]) -> float:
    """Return the median of three calls. A first call is not counted, because it loads modules."""
    work()
    spent = []
    for _ in range(_COUNTED):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1000)
    return median(spent)
