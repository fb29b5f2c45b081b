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
    """Divide ascending ``due`` ticks by the policy.

    ``skip`` runs those up to ``grace`` old. ``latest`` runs one, the newest, however many are due and however old they
    are. ``has_more``: younger due ticks follow in another call, so none of these is the newest.
    """
    match policy:
        case MisfirePolicy.ALL:
            return Settlement(to_run=tuple(due), to_skip=())
        case MisfirePolicy.SKIP:
            late = tuple(tick for tick in due if now - tick > grace)
            return Settlement(to_run=tuple(due[len(late) :]), to_skip=late)
        case MisfirePolicy.LATEST:
            run_count = 0 if has_more else 1
            first = max(len(due) - run_count, 0)
            return Settlement(to_run=tuple(due[first:]), to_skip=tuple(due[:first]))
    assert_never(policy)
