"""The sheet about the report itself: what was requested, the data snapshot, the score's parts and the method."""

from typing import Any

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.documents.scope_text import write_scope
from policycortex.rendering.excel.cells import SheetColumn
from policycortex.rendering.excel.model import Sheet
from policycortex.rendering.report_json import describe_report
from policycortex.reports.complete_files import complete_files
from policycortex.reports.crosswalk_text import conditions_text, crosswalk_text
from policycortex.reports.section import Kind


def about_sheet(document: ReportDocument, locale: Locale) -> Sheet:
    """Labels and values: identity, period, scope, score, completeness and method."""
    t, score = locale.text, document.summary.score
    report = describe_report(document)
    rows: list[tuple[str, Any]] = [
        (t("cover.report_id"), report["id"]),
        (t("word.title"), report["name"]),
        (t("methodology.description"), report["description"]),
        (t("cover.prepared_for"), report["prepared_for"]),
        (t("cover.company"), report["prepared_by"]),
        (t("cover.classification"), report["classification"]),
        (t("cover.organization"), report["organization"]),
        (t("cover.software"), f"PolicyCortex Reports {report['product_version'] or ''}".strip()),
        (t("cover.framework"), document.header.framework_name),
        (t("methodology.version"), report["framework_version"]),
        (t("word.period"), locale.days(document.header.period)),
        (t("about.period_start"), report["period"]["start"]),
        (t("about.period_end"), report["period"]["end"]),
        (t("methodology.scope"), write_scope(document.header.scope) or locale.text("methodology.everything")),
        (t("cover.generated"), locale.moment(document.header.generated_at)),
        *([(t("cover.known_on"), locale.moment(document.header.known_on))] if document.header.known_on else []),
        *([(t("cover.made_from"), document.header.made_from)] if document.header.made_from else []),
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
        *_crosswalk(document, locale),
        (t("word.findings"), _cut_cells(document, locale)),
    ]
    columns = (
        SheetColumn(title=t("sheet.about"), width=34),
        SheetColumn(title=t("word.value"), width=100, kind=Kind.WRAPPED),
    )
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


def _crosswalk(document: ReportDocument, locale: Locale) -> list[tuple[str, str]]:
    text = crosswalk_text(document.header.crosswalk, locale)
    conditions = conditions_text(sum(row.open_conditions for row in document.requirements), locale)
    named = ((locale.text("methodology.crosswalk"), text), (locale.text("methodology.conditions"), conditions))
    return [(label, sentence) for label, sentence in named if sentence]
