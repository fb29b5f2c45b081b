"""Which tables the workbook holds besides findings: a sheet each, in the order of the report's type. Writes nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import RequirementResult
from policycortex.rendering.complete_files import complete_files
from policycortex.rendering.excel.model import Rows, Sheet, index_rows, lead, result_tints, severity_tints
from policycortex.rendering.excel.risk_sheets import (
    age_sheet,
    cause_sheet,
    exposure_sheet,
    forecast_sheet,
    item_sheet,
    part_sheet,
    place_sheet,
    plan_sheet,
)
from policycortex.rendering.excel.tables import Column, Kind
from policycortex.rendering.layout import list_sections
from policycortex.rendering.report_json import describe_report

_Maker: TypeAlias = Callable[[ReportDocument, Locale, Rows], Sheet]


def list_sheets(document: ReportDocument, locale: Locale) -> list[Sheet]:
    """All sheets between the summary and the findings: those of the type's sections first, then what else is told."""
    ways = index_rows(document)
    wanted = [name for section in list_sections(document) for name in _SECTION_SHEETS.get(section, ())]
    return [_MAKERS[name](document, locale, ways) for name in _present(document, [*wanted, *_ALWAYS])]


def _present(document: ReportDocument, names: list[str]) -> Iterator[str]:
    """Each once, without those that would be empty for want of a framework, waivers or a forecast."""
    empty = {
        "requirements": not document.requirements,
        "sections": not document.sections,
        "checks": not document.checks,
        "waivers": not document.waivers,
        "risk_parts": not document.risk_parts,
        "causes": not document.change_causes,
        "forecast": not (document.forecast and document.forecast.points),
    }
    return (name for name in dict.fromkeys(names) if not empty.get(name, False))


def _requirements(document: ReportDocument, locale: Locale, ways: Rows) -> Sheet:
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
                r.id,
                r.title,
                lead(r.section, t("sheet.sections"), ways.sections),
                t(f"result.{r.result}"),
                *(r.passed, r.failed, r.manual, r.muted, r.waived),
                ", ".join(r.checks),
            )
            for r in document.requirements
        ),
        tints=result_tints(locale, 3),
    )


_COUNTS: Final = ("passed", "failed", "manual", "muted", "waived")


def _sections(document: ReportDocument, locale: Locale, ways: Rows) -> Sheet:
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
            (
                lead(s.title, t("sheet.requirements"), ways.requirements),
                s.non_compliant,
                s.compliant,
                s.manual,
                s.not_assessed,
                s.passed,
                s.failed,
                s.score_pct,
            )
            for s in document.sections
        ),
    )


def _top_risks(document: ReportDocument, locale: Locale, ways: Rows) -> Sheet:
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
            (
                rank,
                t(f"severity.{c.severity}"),
                lead(c.check_id, t("sheet.checks"), ways.checks),
                c.title,
                c.service,
                c.failed,
                c.accounts,
                c.remediation,
            )
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
        (t("word.findings"), _cut_cells(document, locale)),
    ]
    columns = (Column(title=t("sheet.about"), width=34), Column(title=t("word.value"), width=100, kind=Kind.WRAPPED))
    return Sheet(name=t("sheet.about"), columns=columns, rows=rows)


def _cut_cells(document: ReportDocument, locale: Locale) -> str:
    files = complete_files(document, locale)["long_texts"]
    whole = (
        locale.text("files.whole", files=files["ordered"])
        if files["ordered"]
        else locale.text("files.order", formats=files["wanted"])
    )
    return f"{locale.text('about.cut_cell')} {whole}"


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


_ALWAYS: Final = (
    "sections", "requirements", "top_risks", "checks", "waivers", "breakdown", "trend", "coverage", "about",
)  # fmt: skip
"""Told by every workbook, where the type's own sections did not bring it already."""

_SECTION_SHEETS: Final[Mapping[str, tuple[str, ...]]] = {
    "section_results": ("sections",),
    "control_assessment": ("requirements",),
    "evidence": ("checks",),
    "waivers": ("waivers",),
    "exposure": ("breakdown",),
    "top_risks": ("top_risks",),
    "risk_profile": ("risk_parts",),
    "risk_matrix": ("exposure", "risk_items"),
    "risk_places": ("risk_places",),
    "ages": ("ages",),
    "trend": ("trend", "causes"),
    "forecast": ("forecast",),
    "remediation_plan": ("plan",),
}
"""Sheets of a section; those of methodology stand at the end."""

_MAKERS: Final[Mapping[str, _Maker]] = {
    "requirements": _requirements,
    "sections": _sections,
    "top_risks": _top_risks,
    "checks": lambda document, locale, _: _checks(document, locale),
    "waivers": lambda document, locale, _: _waivers(document, locale),
    "breakdown": lambda document, locale, _: _breakdowns(document, locale),
    "trend": lambda document, locale, _: _trend(document, locale),
    "coverage": lambda document, locale, _: _coverage(document, locale),
    "about": lambda document, locale, _: _about(document, locale),
    "risk_parts": lambda document, locale, _: part_sheet(document, locale),
    "exposure": lambda document, locale, _: exposure_sheet(document, locale),
    "risk_places": lambda document, locale, _: place_sheet(document, locale),
    "risk_items": item_sheet,
    "ages": lambda document, locale, _: age_sheet(document, locale),
    "causes": lambda document, locale, _: cause_sheet(document, locale),
    "forecast": lambda document, locale, _: forecast_sheet(document, locale),
    "plan": plan_sheet,
}
