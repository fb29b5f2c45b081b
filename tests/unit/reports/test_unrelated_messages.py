"""The sentences on findings that count towards no requirement, in English and German."""

from datetime import UTC, date, datetime

import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportHeader
from policycortex.names import ReportType
from policycortex.period import Period
from policycortex.reports.unrelated_messages import unrelated_messages
from policycortex.scoring.unrelated import UnrelatedCheck, UnrelatedFindings, UnrelatedProvider


def header(locale: str) -> ReportHeader:
    """A report on NIST CSF."""
    return ReportHeader(
        id="rpt_1",
        name="N",
        type=ReportType.COMPLIANCE,
        description="",
        framework_id="nist_csf",
        framework_name="NIST CSF",
        framework_version="2.0",
        period=Period.of_days(date(2026, 11, 1), date(2026, 11, 30)),
        scope={},
        generated_at=datetime(2026, 12, 1, tzinfo=UTC),
        snapshot="1",
        organization="acme",
        locale=locale,
    )


def provider(name: str, findings: int, total: int, *, is_outside: bool = False) -> UnrelatedProvider:
    """A provider with findings that do not count."""
    return UnrelatedProvider(provider=name, findings=findings, total=total, is_outside=is_outside)


def checks(name: str, count: int) -> tuple[UnrelatedCheck, ...]:
    """Checks c1, c2 and so on."""
    return tuple(UnrelatedCheck(provider=name, check_id=f"c{n}", findings=1, failed=0) for n in range(1, count + 1))


def messages(unrelated: UnrelatedFindings | None, locale: str = "en") -> list[str]:
    """The sentences."""
    return list(unrelated_messages(header(locale), unrelated, open_locale(locale)))


@pytest.mark.parametrize(
    ("locale", "count", "first"),
    [
        (
            "en",
            "All 2,310 findings of azure count towards no requirement of NIST CSF.",
            "First checks: c1, c2, c3 (3 of 5).",
        ),
        (
            "de",
            "Alle 2.310 Befunde von azure zählen für keine Anforderung von NIST CSF.",
            "Erste Prüfungen: c1, c2, c3 (3 von 5).",
        ),
    ],
)
def test_a_provider_without_any_relation_is_named_with_its_number(locale: str, count: str, first: str) -> None:
    """The number of findings, the first checks, and how many checks there are."""
    found = UnrelatedFindings(
        findings=2310, total=2400, providers=(provider("azure", 2310, 2310),), checks=checks("azure", 5)
    )
    assert messages(found, locale) == [f"{count} {first}"]


def test_a_part_one_finding_an_unknown_provider_and_another_cloud_have_their_own_words() -> None:
    """At most three providers are named; the number of the others follows."""
    some = UnrelatedFindings(findings=2, total=9, providers=(provider("aws", 2, 9),), checks=checks("aws", 2))
    assert messages(some) == ["2 of 9 findings of aws count towards no requirement of NIST CSF. Checks: c1, c2."]
    four = UnrelatedFindings(
        findings=8, total=8, checks=(*checks("", 1), *checks("gcp", 1), *checks("m365", 1)),
        providers=(
            provider("gcp", 4, 4, is_outside=True), provider("m365", 2, 2), provider("", 1, 1), provider("x", 1, 1),
        ),
    )  # fmt: skip
    assert messages(four) == [
        (
            "All 4 findings of gcp count towards no requirement of NIST CSF, which is not written for this provider. "
            "Checks: c1."
        ),
        "All 2 findings of m365 count towards no requirement of NIST CSF. Checks: c1.",
        "The only finding of an unknown provider counts towards no requirement of NIST CSF. Checks: c1.",
        "Findings of 1 further provider count towards no requirement. The methodology names it.",
    ]


def test_there_is_no_message_without_a_framework_or_where_every_finding_counts() -> None:
    """No empty sentence."""
    assert messages(None) == messages(UnrelatedFindings(findings=0, total=3)) == []


def test_providers_of_which_a_part_counts_share_a_sentence() -> None:
    """One line on page one, however many providers there are; a provider of which nothing counts has its own."""
    partly = (provider("gcp", 147, 400), provider("azure", 103, 400), provider("aws", 80, 400), provider("k8s", 1, 9))
    found = UnrelatedFindings(
        findings=341, total=1219, providers=(provider("m365", 10, 10), *partly), checks=checks("m365", 1)
    )
    assert messages(found) == [
        "All 10 findings of m365 count towards no requirement of NIST CSF. Checks: c1.",
        (
            "331 of 1,209 findings count towards no requirement of NIST CSF (gcp 147, azure 103, aws 80, +1). "
            "The methodology lists their checks."
        ),
    ]
