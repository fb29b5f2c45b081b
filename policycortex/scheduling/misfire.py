"""What becomes of ticks that nobody acted on in time: the service was down, or the schedule's turn came late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never


class MisfirePolicy(StrEnum):
    """Which late ticks still make a report."""

    SKIP = "skip"
    LATEST = "latest"
    ALL = "all"


DEFAULT_POLICY: Final = MisfirePolicy.LATEST
DEFAULT_GRACE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Every due tick is in exactly one of the two; both ascend."""

    to_run: tuple[datetime, ...]
    to_skip: tuple[datetime, ...]


def settle_ticks(
    due: Sequence[datetime], *, now: datetime, policy: MisfirePolicy, grace: timedelta, has_more: bool = False
) -> Settlement:
    """Part ascending ``due`` ticks: those up to ``grace`` old always run, the policy decides on older ones.

    ``has_more`` says that younger due ticks follow, which this call does not see: none of these is the latest then.
    """
    late = tuple(tick for tick in due if now - tick > grace)
    on_time = tuple(due[len(late) :])
    match policy:
        case MisfirePolicy.ALL:
            return Settlement(to_run=late + on_time, to_skip=())
        case MisfirePolicy.SKIP:
            return Settlement(to_run=on_time, to_skip=late)
        case MisfirePolicy.LATEST if late and not on_time and not has_more:
            return Settlement(to_run=late[-1:], to_skip=late[:-1])
        case MisfirePolicy.LATEST:
            return Settlement(to_run=on_time, to_skip=late)
    assert_never(policy)
