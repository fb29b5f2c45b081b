"""The body of a backfill: every problem at once, each in words that say what to mend."""

from datetime import date
from typing import Any

import pytest

from policycortex.errors import RequestError
from policycortex.requests.backfill_body import BackfillRequest, parse_backfill

TODAY = date(2026, 3, 10)
FRAMEWORKS = ("soc2", "hipaa")


def parse(**body: Any) -> BackfillRequest:  # noqa: ANN401 - a body of any types
    """The order on TODAY."""
    return parse_backfill(body, today=TODAY, frameworks=FRAMEWORKS)


def test_a_good_body_is_an_order() -> None:
    """Frameworks once each."""
    order = parse(start="2024-01-01", end="2026-03-10", frameworks=["soc2", "soc2"])
    assert order == BackfillRequest(start=date(2024, 1, 1), end=TODAY, frameworks=("soc2",))


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"start": "2024-01-01"}, "end", "This field is required"),
        ({"start": "01.02.2024", "end": "2024-02-01"}, "start", "Must be a day as YYYY-MM-DD, got '01.02.2024'"),
        ({"start": 20240101, "end": "2024-02-01"}, "start", "Must be a day as YYYY-MM-DD, got 20240101"),
        ({"start": "2019-12-31", "end": "2024-02-01"}, "start", "Must not be before 2020-01-01"),
        ({"start": "2024-01-01", "end": "2026-03-11"}, "end", "Must not be in the future"),
        ({"start": "2024-02-01", "end": "2024-01-01"}, "end", "Must not be before the start"),
        (
            {"start": "2024-01-01", "end": "2024-02-01", "frameworks": ["soc"]},
            "frameworks",
            "No framework 'soc'; did you mean 'soc2'?",
        ),
        ({"start": "2024-01-01", "end": "2024-02-01", "x": 1}, "x", "Unknown field"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], field: str, message: str) -> None:
    """One problem each."""
    with pytest.raises(RequestError) as refused:
        parse(**body)
    assert [(p.field, p.message) for p in refused.value.details] == [(field, message)]


def test_all_problems_are_reported_at_once() -> None:
    """Three wrong fields, three details."""
    with pytest.raises(RequestError) as refused:
        parse(start="x", end=None, frameworks=["nope"])
    assert {p.field for p in refused.value.details} == {"start", "end", "frameworks"}
