"""Sheets that set the report beside the period before it; none where there was nothing to compare."""

from collections.abc import Iterator
from typing import Final

from policycortex.documents.comparison import PeriodComparison
from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.rendering.excel.model import Sheet, result_tints, severity_tints
from policycortex.rendering.excel.tables import Column, Kind

_KEYS: Final = (("check", 44), ("account", 26), ("region", 16), ("resource", 70))


def comparison_sheets(document: ReportDocument, locale: Locale) -> Iterator[Sheet]:
    """Counts, then the failing keys that changed, then requirements whose result changed."""
    found = document.comparison
    if found is None:
        return
    yield _counts(found, locale)
    yield _changes(found, locale)
    if found.requirements:
        yield _requirements(found, locale)


def _counts(found: PeriodComparison, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.comparison"),
        columns=(
            Column(title=t("comparison.change"), width=20),
            Column(title=t("word.failing"), width=12, kind=Kind.NUMBER),
            Column(title=t("comparison.meaning"), width=90, kind=Kind.WRAPPED),
        ),
        rows=[(t(f"change.{name}"), count, t(f"change_means.{name}")) for name, count in found.counts.items()],
    )


def _changes(found: PeriodComparison, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.changes"),
        columns=(
            Column(title=t("comparison.change"), width=16),
            Column(title=t("comparison.reason"), width=24),
            Column(title=t("word.severity"), width=14),
            *(Column(title=t(f"word.{name}"), width=width) for name, width in _KEYS),
            Column(title=t("comparison.failing_before"), width=14, kind=Kind.NUMBER),
            Column(title=t("comparison.failing_after"), width=14, kind=Kind.NUMBER),
        ),
        rows=(
            (
                *(t(f"change.{row['change']}"), t(f"change_reason.{row['reason']}"), t(f"severity.{row['severity']}")),
                *(row["check_id"], row["account_id"], row["region"], row["resource_uid"]),
                *(row["findings_before"], row["findings_after"]),
            )
            for row in found.rows.iter_rows(named=True)
        ),
        tints=severity_tints(locale, 2),
    )


def _requirements(found: PeriodComparison, locale: Locale) -> Sheet:
    t = locale.text

    def word(result: str | None) -> str:
        return t("comparison.absent") if result is None else t(f"result.{result}")

    return Sheet(
        name=t("sheet.changed_requirements"),
        columns=(
            Column(title=t("word.id"), width=18),
            Column(title=t("word.requirement"), width=52, kind=Kind.WRAPPED),
            Column(title=t("comparison.before"), width=18),
            Column(title=t("comparison.after"), width=18),
            Column(title=t("comparison.failing_before"), width=14, kind=Kind.NUMBER),
            Column(title=t("comparison.failing_after"), width=14, kind=Kind.NUMBER),
        ),
        rows=(
            (row.id, row.title, word(row.before), word(row.after), row.failed_before, row.failed_after)
            for row in found.requirements
        ),
        tints=(*result_tints(locale, 2), *result_tints(locale, 3)),
    )
