"""Patterns in subjects, messages and object names: eight placeholders are replaced, and nothing else."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.channels.patterns import (
    default_object_name,
    fill_file_name,
    fill_line,
    fill_object_name,
    fill_text,
    pattern_problem,
    safe_name,
)
from policycortex.documents.locales import open_locale
from tests.support.samples.delivery import sample_content


def test_the_placeholders_are_replaced() -> None:
    """As in the documented subject, with and without blanks inside the braces."""
    content = sample_content()
    assert fill_line("Monthly Compliance Report - {{date}}", content) == "Monthly Compliance Report - 2026-04-01"
    filled = fill_text("{{ name }}|{{framework}}|{{score}}|{{period}}", content)
    assert filled == "Monthly Executive Compliance Report|SOC 2|96.3%|2026-03-01 to 2026-03-31"
    assert fill_text("{{time}}|{{month}}|{{report}}", content) == "13:00|2026-03|rpt_1234567890abcdef"


def test_a_date_takes_a_form_in_the_reports_language() -> None:
    """Of the tick in the schedule's zone: 00:30 in Kathmandu is the day before in UTC."""
    due = datetime(2026, 10, 1, 0, 30, tzinfo=ZoneInfo("Asia/Kathmandu"))
    content = sample_content(due_at=due, dated=due.date(), locale=open_locale("de"))
    assert (
        fill_line("{{date:MMMM yyyy}}|{{ date: dd.MM.yy }}|{{date:'KW' ww}}", content) == "Oktober 2026|01.10.26|KW 40"
    )
    assert fill_object_name("{{date:yyyy}}/{{date:MM}}/{{date:yyyy/MM/dd}}", content) == "2026/10/2026-10-01"
    assert fill_file_name("{{framework}} {{date:MMM yyyy}} / {{name}}", content).startswith("SOC 2 Okt. 2026 - Monthly")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{{date:YYYY}}", "'Y' is no part"),
        ("{{date:DD}}", "'D' is no part"),
        ("{{date:%Y}}", "'Y' is no part"),
        ("{{date:MMMMMMM}}", "'MMMMMMM' is no part"),
        ("{{date:{x}}}", "Only the patterns"),
        ("{{name:yyyy}}", "Only {{date}} takes a form"),
    ],
)
def test_a_wrong_form_of_a_date_is_refused(pattern: str, reason: str) -> None:
    """Y is the year of the week and D the day of the year: both are typing errors for y and d."""
    assert (pattern_problem(pattern) or "").startswith(reason)


def test_an_unknown_score_is_text_and_never_a_number() -> None:
    """Nothing assessed is neither 0 nor 100."""
    assert fill_line("{{score}}", sample_content(score_pct=None)) == "Not assessed"


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 10**9 }}",
        "{{ name.__class__ }}",
        "{% for x in range(9) %}x{% endfor %}",
        "{{ password }}",
        "{{{{date}}}}",
        "{{name",
        "{{ NAME }}",
        "Report\r\nBcc: evil@x.org",
        "Report\nBcc: evil@x.org",
        "Report\u2028next",
        "tab\there",
        "nul\x00",
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    """Template code, unknown placeholders, and line breaks that would start a header."""
    assert pattern_problem(text)


@pytest.mark.parametrize("text", ["", "plain {single} braces }} here", "Ø äüß 報告 {{date}}", "100 % {{score}}"])
def test_plain_text_is_no_problem(text: str) -> None:
    """Any script, and braces that are no placeholder."""
    assert pattern_problem(text) is None


def test_messages_may_have_lines() -> None:
    """A message may have several lines; the request body refuses other control characters."""
    assert pattern_problem("one\ntwo {{date}}", is_one_line=False) is None


def test_a_name_cannot_start_a_header_or_be_replaced_again() -> None:
    """The subject stays one line, and a placeholder in the report's name is not replaced."""
    content = sample_content(name="A\r\nBcc: evil@x.org {{score}}")
    assert fill_line("{{name}}", content) == "A Bcc: evil@x.org {{score}}"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/../../b", "CON:evil|x", "\u202egnp.exe"])
def test_a_name_never_leaves_its_folder(name: str) -> None:
    """Slashes in values create no folder, and dots do not leave one."""
    filled = fill_object_name("reports/{{name}}/{{date}}", sample_content(name=name))
    parts = filled.split("/")
    assert len(parts) == 3
    assert parts[0] == "reports"
    assert parts[2] == "2026-04-01"
    assert ".." not in parts


def test_a_pattern_cannot_leave_its_folder() -> None:
    """The pattern's folders are kept, its dot segments are removed."""
    assert fill_object_name("/../a//./{{date}}/../b", sample_content()) == "a/2026-04-01/b"


@given(st.text())
def test_safe_names_are_safe(text: str) -> None:
    """Never empty, hidden, a path, or too long for a file system."""
    name = safe_name(text)
    assert name
    assert len(name) <= 120
    assert not name.startswith(".")
    assert not set(name) & set('/\\:*?"<>|\r\n\t\x00')


def test_names_of_any_script_are_kept() -> None:
    """A Cyrillic or Japanese name stays readable."""
    assert safe_name("Отчёт за март") == "Отчёт за март"
    assert safe_name("月次報告") == "月次報告"


def test_a_text_cannot_grow_without_limit() -> None:
    """Attack: a message of patterns only, each of which is replaced by a long name."""
    assert pattern_problem("{{name}}" * 20) is None
    assert "At most 20 patterns" in (pattern_problem("{{name}}" * 21) or "")


def test_reports_of_one_day_get_names_of_their_own() -> None:
    """Every hour of the day on which New York's clocks show 1:00 twice: 25 names; the daily default has no time."""
    zone, start = ZoneInfo("America/New_York"), datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    names = set()
    for hour in range(25):
        due = (start + timedelta(hours=hour)).astimezone(zone)
        content = sample_content(due_at=due, dated=due.date(), may_repeat_daily=True)
        names.add(fill_object_name(default_object_name("{{name}} {{date}}", content), content))
    assert len(names) == 25
    assert "Monthly Executive Compliance Report 2026-11-01 13-00" in names
    assert default_object_name("{{name}} {{date}}", sample_content()) == "{{name}} {{date}}"
