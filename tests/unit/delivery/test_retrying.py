"""When a delivery is tried again, and when a destination is paused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.channels.registry import installed_channels
from policycortex.delivery.retrying import MOST_ATTEMPTS, Outcome, is_reached, next_attempt_at, paused_until

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def test_delays_double_up_to_six_hours() -> None:
    """30 s, 1 min, 2 min ... 4 h 16 min, 6 h; then it is given up."""
    delays = [next_attempt_at(n, now=NOW, jitter=0.0) for n in range(1, MOST_ATTEMPTS + 1)]
    seconds = [None if at is None else (at - NOW).total_seconds() for at in delays]
    assert seconds == [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600, 21600, None]


@given(attempts=st.integers(1, MOST_ATTEMPTS - 1), jitter=st.floats(0, 1, exclude_max=True))
def test_jitter_shortens_a_delay_by_a_quarter_at_most(attempts: int, jitter: float) -> None:
    """Deliveries to one server are not all tried again at the same time."""
    full, at = next_attempt_at(attempts, now=NOW, jitter=0.0), next_attempt_at(attempts, now=NOW, jitter=jitter)
    assert full is not None
    assert at is not None
    assert 0.75 * (full - NOW) <= at - NOW <= full - NOW


def test_a_longer_retry_after_is_respected() -> None:
    """Retry-After 3600 replaces 30 s, a day is limited to six hours, and 1 s is ignored."""
    waits = [next_attempt_at(1, now=NOW, jitter=0.0, retry_after_seconds=s) for s in (3600.0, 86400.0, 1.0)]
    assert [at - NOW for at in waits if at] == [timedelta(hours=1), timedelta(hours=6), timedelta(seconds=30)]


def _outcomes(*reached: bool) -> list[Outcome]:
    return [Outcome(at=NOW - timedelta(minutes=n), is_reached=r) for n, r in enumerate(reached, start=1)]


def test_five_unreached_attempts_pause_the_destination() -> None:
    """Until five minutes after the newest of them, which was a minute ago."""
    assert paused_until(_outcomes(*[False] * 5), now=NOW) == NOW + timedelta(minutes=4)


@pytest.mark.parametrize("reached", [(False,) * 4, (False, False, True, False, False), ()])
def test_fewer_attempts_or_one_answer_do_not_pause(reached: tuple[bool, ...]) -> None:
    """A server that answers, even with a refusal, works."""
    assert paused_until(_outcomes(*reached), now=NOW) is None


def test_the_pause_ends_by_itself() -> None:
    """Five minutes later one attempt is made."""
    assert paused_until(_outcomes(*[False] * 5), now=NOW + timedelta(minutes=5)) is None


@pytest.mark.parametrize(
    ("channel", "outcome", "works"),
    [
        ("email", "deferred", True),
        ("email", "unreached", False),
        ("webhook", "deferred", False),
        ("webhook", "refused", True),
        ("sftp", "lost", False),
    ],
)
def test_an_outcome_shows_whether_its_destination_works(channel: str, outcome: str, works: bool) -> None:
    """A mail server that defers one address works; a receiver that answers 503 does not."""
    defers_single_targets = installed_channels().get(channel).defers_single_targets
    assert is_reached(outcome, defers_single_targets=defers_single_targets) is works
