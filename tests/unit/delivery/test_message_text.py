"""Text of messages about a report, in the report's language."""

from pathlib import Path

import pytest

from policycortex.channels.mail import render_mail
from policycortex.channels.message_text import facts_of
from policycortex.documents.locales import open_locale
from tests.support.samples.delivery import sample_content, sample_file

GERMAN = open_locale("de")


def test_facts_of_a_german_report_are_german() -> None:
    """Labels, numbers and dates; the framework's name is not translated."""
    assert facts_of(sample_content(locale=GERMAN)) == (
        ("Compliance-Wert", "96,3 %"),
        ("Nicht bestandene Befunde", "1.018 (2 kritisch, 4 hoch)"),
        ("Rahmenwerk", "SOC 2"),
        ("Zeitraum", "1. März 2026 bis 31. März 2026"),
    )


@pytest.mark.parametrize("template", ["report.txt", "report.html"])
@pytest.mark.parametrize("has_attachments", [True, False])
def test_a_german_mail_has_no_english_line(template: str, has_attachments: bool, tmp_path: Path) -> None:
    """Attached or linked, by schedule or not."""
    content = sample_content(sample_file(tmp_path), locale=GERMAN)
    mail = render_mail(template, content, message="", has_attachments=has_attachments, contact="ask@x.org")
    expected = "Dieser E-Mail beigefügt" if has_attachments else "Die Links laufen am 8. April 2026, 13:00 UTC ab."
    assert expected in mail
    assert "Erstellt am 1. April 2026, 13:00 UTC, Bericht rpt_1234567890abcdef, Zeitplan sch_1234567890abcdef." in mail
    english = ("Attached", "Files of", "The links", "Generated on", "Framework", "Period", " to ", "Questions")
    assert [words for words in english if words in mail] == []
    assert 'lang="en"' not in mail
