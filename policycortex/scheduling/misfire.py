"""Late ticks, for which the service was down or busy: which still make a report and which are skipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never


class MisfirePolicy(StrEnum):
    """Which late ticks make a report."""

    SKIP = "skip"
    LATEST = "latest"
    ALL = "all"


DEFAULT_POLICY: Final = MisfirePolicy.LATEST
DEFAULT_GRACE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Every due tick is in exactly one of the two tuples; both are ascending."""

    to_run: tuple[datetime, ...]
    to_skip: tuple[datetime, ...]


def settle_ticks(
    due: Sequence[datetime], *, now: datetime, policy: MisfirePolicy, grace: timedelta, has_more: bool = False
) -> Settlement:
    """Divide ascending ``due`` ticks: those up to ``grace`` old always run, the policy decides on older ones.

    ``has_more``: younger due ticks follow in another call, so none of these is the latest.
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
