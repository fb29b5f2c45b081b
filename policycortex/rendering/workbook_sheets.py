"""Which tables the workbook holds besides findings: one sheet each, its columns, rows and colours. Writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import RequirementResult, Severity
from policycortex.rendering.report_json import describe_report
from policycortex.rendering.workbook_tables import Column, Kind, Tint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table of the workbook."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    tints: Sequence[Tint] = ()


def list_sheets(document: ReportDocument, locale: Locale) -> Iterator[Sheet]:
    """All sheets between the summary and the findings, in order."""
    if document.requirements:
        yield _sections(document, locale)
        yield _requirements(document, locale)
    yield _top_risks(document, locale)
    if document.checks:
        yield _checks(document, locale)
    if document.waivers:
        yield _waivers(document, locale)
    yield _breakdowns(document, locale)
    yield _trend(document, locale)
    yield _coverage(document, locale)
    yield _about(document, locale)


def result_tints(locale: Locale, column: int) -> tuple[Tint, ...]:
    """Colours of requirement results."""
    names = {"compliant": "good", "non_compliant": "bad", "manual": "person", "not_assessed": "none"}
    return tuple(Tint(column=column, word=locale.text(f"result.{word}"), name=name) for word, name in names.items())


def severity_tints(locale: Locale, column: int) -> tuple[Tint, ...]:
    """Colours of severities; the lowest has none."""
    named = [severity.value for severity in Severity if severity is not Severity.INFORMATIONAL]
    return tuple(Tint(column=column, word=locale.text(f"severity.{name}"), name=name) for name in named)


def _requirements(document: ReportDocument, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.requirements"),
        columns=(
            Column(title=t("word.id"), width=18),
            Column(title=t("word.requirement"), width=52, kind=Kind.WRAPPED),
            Column(title=t("word.section"), width=34, kind=Kind.WRAPPED),
            Column(title=t("word.result"), width=17),
            *(Column(title=t(f"word.{n}"), width=11, kind=Kind.NUMBER) for n in _COUNTS),
            Column(title=t("word.checks"), width=60, kind=Kind.WRAPPED),
        ),
        rows=(
            (
                *(r.id, r.title, r.section, t(f"result.{r.result}")),
                *(r.passed, r.failed, r.manual, r.muted, r.waived),
                ", ".join(r.checks),
            )
            for r in document.requirements
        ),
        tints=result_tints(locale, 3),
    )


_COUNTS: Final = ("passed", "failed", "manual", "muted", "waived")


def _sections(document: ReportDocument, locale: Locale) -> Sheet:
    t = locale.text
    results = (
        RequirementResult.NON_COMPLIANT,
        RequirementResult.COMPLIANT,
        RequirementResult.MANUAL,
        RequirementResult.NOT_ASSESSED,
    )
    return Sheet(
        name=t("sheet.sections"),
        columns=(
            Column(title=t("word.section"), width=52, kind=Kind.WRAPPED),
            *(Column(title=t(f"result.{result}"), width=15, kind=Kind.NUMBER) for result in results),
            Column(title=t("word.passed"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.failed"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.pass_rate"), width=14, kind=Kind.PERCENT),
        ),
        rows=(
            (s.title, s.non_compliant, s.compliant, s.manual, s.not_assessed, s.passed, s.failed, s.score_pct)
            for s in document.sections
        ),
    )


def _top_risks(document: ReportDocument, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.top_risks"),
        columns=(
            Column(title=t("word.rank"), width=8, kind=Kind.NUMBER),
            Column(title=t("word.severity"), width=14),
            Column(title=t("word.check"), width=44),
            Column(title=t("word.title"), width=56, kind=Kind.WRAPPED),
            Column(title=t("word.service"), width=16),
            Column(title=t("word.failing"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.accounts"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.remediation"), width=70, kind=Kind.WRAPPED),
        ),
        rows=(
            (rank, t(f"severity.{c.severity}"), c.check_id, c.title, c.service, c.failed, c.accounts, c.remediation)
            for rank, c in enumerate(document.top_checks, start=1)
        ),
        tints=severity_tints(locale, 1),
    )


def _breakdowns(document: ReportDocument, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.breakdown"),
        columns=(
            Column(title=t("word.dimension"), width=18),
            Column(title=t("word.value"), width=36),
            Column(title=t("severity.critical"), width=11, kind=Kind.NUMBER),
            Column(title=t("severity.high"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.failed"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.passed"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.pass_rate"), width=14, kind=Kind.PERCENT),
        ),
        rows=(
            (t(f"dimension.{b.dimension}"), b.label, b.critical, b.high, b.failed, b.passed, b.score_pct)
            for b in document.breakdowns
        ),
    )


def _trend(document: ReportDocument, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.trend"),
        columns=(
            Column(title=t("word.date"), width=14, kind=Kind.DAY),
            Column(title=t("word.score"), width=12, kind=Kind.PERCENT),
            Column(title=t("word.passed"), width=12, kind=Kind.NUMBER),
            Column(title=t("word.failed"), width=12, kind=Kind.NUMBER),
        ),
        rows=((p.date, p.compliance_score, p.passed, p.failed) for p in document.trend),
    )


def _coverage(document: ReportDocument, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.coverage"),
        columns=(
            Column(title=t("word.source"), width=18),
            Column(title=t("word.provider"), width=14),
            Column(title=t("word.account"), width=30),
            Column(title=t("word.checks"), width=12, kind=Kind.NUMBER),
            Column(title=f"{t('word.last_scan')} (UTC)", width=20, kind=Kind.MOMENT),
        ),
        rows=((c.source, c.provider, c.account_id, c.checks, c.last_scan_at) for c in document.coverage),
    )


def _checks(document: ReportDocument, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.checks"),
        columns=(
            Column(title=t("word.check"), width=44),
            Column(title=t("word.title"), width=56, kind=Kind.WRAPPED),
            Column(title=t("word.severity"), width=14),
            Column(title=t("word.service"), width=16),
            *(Column(title=t(f"word.{n}"), width=11, kind=Kind.NUMBER) for n in _COUNTS),
        ),
        rows=(
            (
                *(c.check_id, c.title, t(f"severity.{c.severity}"), c.service),
                *(c.passed, c.failed, c.manual, c.muted, c.waived),
            )
            for c in document.checks
        ),
        tints=severity_tints(locale, 2),
    )


def _waivers(document: ReportDocument, locale: Locale) -> Sheet:
    t = locale.text
    return Sheet(
        name=t("sheet.waivers"),
        columns=(
            Column(title=t("word.id"), width=16),
            Column(title=t("waivers.scope"), width=50, kind=Kind.WRAPPED),
            Column(title=t("waivers.reason"), width=60, kind=Kind.WRAPPED),
            Column(title=t("waivers.approver"), width=26),
            Column(title=t("waivers.valid_from"), width=14, kind=Kind.DAY),
            Column(title=t("waivers.valid_until"), width=14, kind=Kind.DAY),
            Column(title=t("word.findings"), width=11, kind=Kind.NUMBER),
        ),
        rows=((w.id, w.scope, w.reason, w.approver, w.valid_from, w.valid_until, w.findings) for w in document.waivers),
    )


def _about(document: ReportDocument, locale: Locale) -> Sheet:
    t, score = locale.text, document.summary.score
    report = describe_report(document)
    rows: list[tuple[str, Any]] = [
        (t("cover.report_id"), report["id"]),
        (t("word.title"), report["name"]),
        (t("methodology.description"), report["description"]),
        (t("cover.prepared_for"), report["organization"]),
        (t("cover.framework"), document.header.framework_name),
        (t("methodology.version"), report["framework_version"]),
        (t("about.period_start"), report["period"]["start"]),
        (t("about.period_end"), report["period"]["end"]),
        (t("methodology.scope"), _scope(document, locale)),
        (t("cover.generated"), report["generated_at"]),
        (t("cover.snapshot"), report["snapshot"]),
        (t("word.model"), f"{_model(locale, score.model)}, {t('methodology.version')} {score.model_version}"),
        (t("about.numerator"), score.numerator),
        (t("about.denominator"), score.denominator),
        (t("word.muted"), score.excluded.muted),
        (t("word.waived"), score.excluded.waived),
        (t("word.manual"), score.excluded.manual),
        *((_model(locale, name), value) for name, value in document.summary.models.items()),
        (t("about.findings_total"), document.completeness.findings_total),
        (t("about.findings_included"), document.completeness.findings_included),
        (t("methodology.posture"), t("methodology.posture_text")),
        (t("methodology.requirements"), t("methodology.requirements_text")),
        (t("word.findings"), t("about.cut_cell")),
    ]
    columns = (Column(title=t("sheet.about"), width=34), Column(title=t("word.value"), width=100, kind=Kind.WRAPPED))
    return Sheet(name=t("sheet.about"), columns=columns, rows=rows)


def _model(locale: Locale, name: str) -> str:
    """A scoring model's name for people; its id where the catalogue has none."""
    return locale.texts.get(f"model.{name}", name)


def _scope(document: ReportDocument, locale: Locale) -> str:
    parts = [f"{key}: {_words(value)}" for key, value in document.header.scope.items() if value]
    return "; ".join(parts) or locale.text("methodology.everything")


def _words(value: object) -> str:
    if isinstance(value, dict):
        return " – ".join(str(v) for v in value.values())
    return ", ".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)
