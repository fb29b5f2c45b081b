"""Names of periods and of reports, as partition keys and as people type them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from policycortex.errors import RequestError
from policycortex.names import ReportFormat, ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest
from policycortex.requests.report_partitions import (
    ReportKind,
    Split,
    key_of_period,
    kind_of_key,
    partition_key_of,
    parts_of_words,
    period_of_key,
    period_of_words,
    split_period,
)
from policycortex.scope import Scope, TagFilter

NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def request(period: Period, scope: Scope, framework: str | None = "soc2") -> ReportRequest:
    """An audit report of that period and scope."""
    return ReportRequest(
        name="x",
        type=ReportType.AUDIT,
        framework=framework,
        description="",
        scope=scope,
        period=period,
        scope_as_given={},
        formats=(ReportFormat.PDF,),
    )


@pytest.mark.parametrize(
    ("key", "first", "last", "zone"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31), UTC),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30), UTC),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), UTC),
        ("2026-07-01..2026-09-15", date(2026, 7, 1), date(2026, 9, 15), UTC),
        ("2026-07-31", date(2026, 7, 31), date(2026, 7, 31), UTC),
        ("2026-Q4 America/New_York", date(2026, 10, 1), date(2026, 12, 31), NEW_YORK),
    ],
)
def test_a_period_has_one_shortest_name(key: str, first: date, last: date, zone: ZoneInfo) -> None:
    """Reading and writing are inverse; another spelling of the same days is the same period."""
    period = period_of_key(key)
    assert period == Period.of_days(first, last, zone)
    assert key_of_period(period) == key
    long_form = f"{first}..{last}{key.removeprefix(key.split(maxsplit=1)[0])}"
    assert period_of_key(long_form) == period


@pytest.mark.parametrize(
    "text", ["", "2026-Q5", "2026-13", "last", "2026-09-30..2026-07-01", "2026-Q3 Mars/Base", "26"]
)
def test_text_that_names_no_period_is_refused_with_its_words(text: str) -> None:
    """The message repeats the text."""
    with pytest.raises(RequestError, match="is no period") as refused:
        period_of_key(text)
    assert repr(text) in str(refused.value)


def test_relative_words_are_resolved_in_the_zone() -> None:
    """The last quarter at the end of November is the third one; a key keeps its own zone."""
    assert key_of_period(period_of_words("last_quarter", now=NOW)) == "2026-Q3"
    assert key_of_period(period_of_words("last_month", now=NOW, zone="America/New_York")) == "2026-10 America/New_York"
    assert key_of_period(period_of_words("2026-07 UTC", now=NOW, zone="America/New_York")) == "2026-07"
    with pytest.raises(RequestError, match="no time zone"):
        period_of_words("last_month", now=NOW, zone="Nowhere")


def test_a_period_is_cut_into_whole_months_or_calendar_quarters() -> None:
    """A year has 12 and 4; of February to July only the second quarter is whole."""
    year = period_of_key("2026")
    assert [key_of_period(p) for p in split_period(year, Split.QUARTER)] == [f"2026-Q{n}" for n in (1, 2, 3, 4)]
    assert len(list(split_period(year, Split.MONTH))) == 12
    part = period_of_key("2026-02-01..2026-07-31")
    assert [key_of_period(p) for p in split_period(part, Split.QUARTER)] == ["2026-Q2"]
    assert list(split_period(part, Split.NONE)) == [part]


@pytest.mark.parametrize(
    ("words", "split", "keys", "left_out"),
    [
        ("2026-Q3", Split.NONE, ["2026-Q3"], []),
        ("2026-Q3", Split.MONTH, ["2026-07", "2026-08", "2026-09"], []),
        ("2026-09-15..2026-11-10", Split.MONTH, ["2026-10"], [
            "2026-09-15 to 2026-09-30 is no whole month", "2026-11-01 to 2026-11-10 is no whole month",
        ]),
        ("2026-10-01..2027-02-28", Split.QUARTER, ["2026-Q4"], ["2027-01-01 to 2027-02-28 is no whole quarter"]),
        ("2026-Q4", Split.MONTH, ["2026-10", "2026-11"], ["2026-12-01 to 2026-12-31 has not begun"]),
        ("2027", Split.NONE, ["2027"], []),
    ],
)  # fmt: skip
def test_parts_of_a_typed_period_are_made_and_the_rest_is_named(
    words: str, split: Split, keys: list[str], left_out: list[str]
) -> None:
    """On 30 November 2026 December has not begun. An uncut period is left to the check of the request."""
    found = parts_of_words(words, split, now=NOW)
    assert [key_of_period(part) for part in found.parts] == keys
    assert list(found.left_out) == left_out


@pytest.mark.parametrize(
    ("words", "split", "reason"),
    [
        ("2026-07-02..2026-07-31", Split.MONTH, "has no whole month"),
        ("2026-08", Split.QUARTER, "has no whole quarter"),
        ("2027", Split.MONTH, "has not begun"),
    ],
)
def test_a_period_without_parts_is_refused(words: str, split: Split, reason: str) -> None:
    """A run that makes nothing does not end as a success."""
    with pytest.raises(RequestError, match=f"{words!r} {reason}, so no report can be made of it"):
        parts_of_words(words, split, now=NOW)


def test_a_kind_names_framework_type_and_another_organisation() -> None:
    """The star is all findings. A word that is no type is refused with the types."""
    for key, kind in (
        ("soc2 audit", ReportKind(organization="default", framework="soc2", type=ReportType.AUDIT)),
        ("* risk acme", ReportKind(organization="acme", framework=None, type=ReportType.RISK)),
    ):
        assert kind_of_key(key) == kind
        assert kind.key == key
    for text in ("soc2", "soc2 sock", "audit soc2"):
        with pytest.raises(RequestError, match=r"is no kind of report.*compliance, audit"):
            kind_of_key(text)


def test_reports_of_one_month_share_no_partition_unless_all_that_decides_is_the_same() -> None:
    """Framework, zone, hours, organisation and each filter are in the key; a long list is a digest."""
    month, default = Period.of_month(date(2026, 7, 1)), Scope(organization="default")
    half = Period(start=month.start, end=datetime(2026, 7, 31, 12, tzinfo=UTC))
    many = tuple(f"{n:012}" for n in range(20))
    requests = [
        request(month, default),
        request(month, default, framework="hipaa"),
        request(month, default, framework=None),
        request(Period.of_month(date(2026, 7, 1), NEW_YORK), default),
        request(half, default),
        request(month, Scope(organization="acme")),
        request(month, Scope(organization="default", environments=("production",))),
        request(month, Scope(organization="default", services=("production",))),
        request(month, Scope(organization="default", regions=("production",))),
        request(month, Scope(organization="default", owners=("production",))),
        request(month, Scope(organization="default", tags=(TagFilter(key="tier", values=("1", "2")),))),
        request(month, Scope(organization="default", accounts=many)),
        request(month, Scope(organization="default", accounts=many[1:])),
    ]
    keys = [partition_key_of(each) for each in requests]
    assert keys[0] == "2026-07-01..2026-07-31 soc2 audit"
    assert keys[6] == "2026-07-01..2026-07-31 soc2 audit production"
    assert keys[10] == "2026-07-01..2026-07-31 soc2 audit tag tier=1,2"
    assert len(set(keys)) == len(keys)
    assert max(map(len, keys)) < 120
