"""The report as one HTML file for the screen. Styles, script and findings are embedded; the page fetches nothing.

Findings are embedded by column, as indexes into the column's distinct values; the page's script makes rows of them.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from policycortex.documents.branding import EMBEDDED_FONT, Branding
from policycortex.documents.locales import Locale
from policycortex.documents.marked_text import is_plain, parse_marked_text
from policycortex.documents.model import ReportDocument
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.documents.template_files import templates_folder
from policycortex.names import Severity
from policycortex.rendering.findings_csv import REQUIREMENT_SEPARATOR, TIME_FORM
from policycortex.rendering.html.embedded_font import embedded_font
from policycortex.rendering.html.page_view import page_values
from policycortex.rendering.marked_markup import marked_json
from policycortex.rendering.options import RenderingOptions, report_locale, report_template
from policycortex.rendering.templates import own_text, render_template
from policycortex.rendering.visible_text import show_controls_in
from policycortex.reports.complete_files import complete_files
from policycortex.reports.registry import shown_sections
from policycortex.reports.sections.findings import SECTION as FINDINGS

STATIC_ROWS: Final = 50
"""Findings in the markup of the page, for readers without script."""

_DATA_MARK: Final = "<!--findings-->"
"""Place of the data in the template; it occurs once, as all printed text is escaped."""


def render_html(document: ReportDocument, path: Path, options: RenderingOptions) -> None:
    """Write the page to ``path``; the same document gives the same bytes."""
    locale = report_locale(document, options)
    embedded = options.screen_findings if document.show_detailed_findings and _has_table(document) else 0
    findings = _shown(document.findings.head(embedded))
    own = report_template(document, options)
    before, mark, after = _page(document, locale, findings, own, options.watermark).partition(_DATA_MARK)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(before)
        if mark:
            file.write(embed_json(_columns(findings)))
        file.write(after)


def _has_table(document: ReportDocument) -> bool:
    """Whether the page has a place for the findings that the script shows."""
    return FINDINGS in shown_sections(document)


def embed_json(value: object) -> str:
    """JSON that may stand inside a ``script`` element: nothing in it can end the element or open a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _page(
    document: ReportDocument, locale: Locale, findings: pl.DataFrame, own: Path | None, watermark: str | None
) -> str:
    style, script = _text("screen.css"), _text("layout.js")
    if findings.height:
        script += _text("screen.js")
    if document.header.branding.font == EMBEDDED_FONT:
        style = embedded_font() + style
    style += _brand_style(document.header.branding) + own_text(own, "screen.css").replace("</", "<\\/")
    values = page_values(document, locale)
    texts = {key: locale.text(key) for key in _SCRIPT_TEXTS}
    words = embed_json({**texts, "anchors": values["requirement_anchors"]})
    return render_template(
        "report/screen.html",
        locale,
        own,
        **values,
        style=style,
        script=script,
        style_hash=_source_hash(style),
        script_hash=_source_hash(script),
        words=words,
        marked_texts=embed_json(_marked_texts(findings)),
        files=complete_files(document, locale),
        watermark=watermark,
        static_rows=findings.head(STATIC_ROWS).to_dicts(),
        embedded=findings.height,
        is_screen=True,
        exceptions={},
        severities_in_order=[severity.value for severity in Severity],
    )


def _brand_style(branding: Branding) -> str:
    """CSS of the sender's colours. The dark scheme keeps the default accent: a sender's is checked on white only."""
    if not branding.has_own_colours:
        return ""
    field = f":root {{ --field: {branding.primary}; --on-field: {branding.on_primary}; }}"
    return f"{field}\n@media (prefers-color-scheme: light) {{ :root {{ --accent: {branding.accent}; }} }}\n"


_SCRIPT_TEXTS: Final = (
    "screen.showing", "screen.showing_filtered", "screen.no_match", "screen.details", "screen.filter_all",
    "column.status_detail", "column.remediation", "column.requirements", "column.resource_name", "column.resource_type",
    "column.account_name", "column.environment", "column.first_failed_on", "column.observed_at", "column.source",
    "column.source_version", "column.scan", "column.source_file", "column.source_file_sha256", "column.finding_uid",
    "status.PASS", "status.FAIL", "status.MANUAL", "status.muted", "status.waived",
    "severity.critical", "severity.high", "severity.medium", "severity.low", "severity.informational",
)  # fmt: skip
"""Texts the page's script writes."""


_MARKED: Final = ("status_detail", "remediation")
_NO_TEXTS: Final = frozenset({"muted", "waived", "observed_at", "first_failed_on", "requirements"})


def _shown(findings: pl.DataFrame) -> pl.DataFrame:
    """All columns as text or booleans, safe to show."""
    texts = [c for c in FINDING_COLUMNS if c not in _NO_TEXTS]
    joined = pl.col("requirements").list.join(REQUIREMENT_SEPARATOR, ignore_nulls=True)
    return findings.select(FINDING_COLUMNS).with_columns(
        *(show_controls_in(pl.col(name).fill_null("")) for name in texts),
        show_controls_in(joined.fill_null("")).alias("requirements"),
        pl.col("observed_at").dt.strftime(TIME_FORM).fill_null(""),
        pl.col("first_failed_on").cast(pl.String).fill_null(""),
        pl.col("muted", "waived").fill_null(value=False),
    )


def _columns(findings: pl.DataFrame) -> dict[str, dict[str, list[Any]]]:
    """Per column its distinct values in order of appearance, and per row the index of its value."""
    columns = {}
    for name in findings.columns:
        values = findings[name].unique(maintain_order=True)
        codes = pl.DataFrame({name: values}).with_row_index("code")
        rows = findings.select(name).join(codes, on=name, how="left", maintain_order="left")
        columns[name] = {"values": values.to_list(), "codes": rows["code"].to_list()}
    return columns


def _marked_texts(findings: pl.DataFrame) -> dict[str, dict[str, list[Any]]]:
    """Per column of scanners' texts those that have markup, as blocks; the script shows the others as they are."""
    marked: dict[str, dict[str, list[Any]]] = {}
    for name in _MARKED:
        parsed = ((text, parse_marked_text(text)) for text in findings[name].unique(maintain_order=True))
        marked[name] = {text: marked_json(blocks) for text, blocks in parsed if not is_plain(blocks)}
    return marked


def _text(name: str) -> str:
    return (templates_folder() / "report" / name).read_text(encoding="utf-8")


def _source_hash(text: str) -> str:
    """A source expression of the page's content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
