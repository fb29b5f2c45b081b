"""What stands in the annex: which sections, and their items in order."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import FindingsTable, ReportDocument
from policycortex.names import PdfVariant, ReportType
from policycortex.rendering.html.page_view import requirement_anchors
from policycortex.rendering.options import RenderingOptions
from policycortex.rendering.pdf.annex_findings import finding_items, passing_items, source_items
from policycortex.rendering.pdf.annex_items import AnnexContext, Item, plain
from policycortex.rendering.pdf.annex_requirements import evidence_items, requirement_items
from policycortex.rendering.pdf.finding_groups import first_checks_of, group_findings, list_sources, numbers_of
from policycortex.rendering.pdf.finding_rows import TEXT_LIMIT, has_long_text
from policycortex.reports.complete_files import complete_files
from policycortex.reports.registry import shown_sections

SECTIONS: Final = ("control_assessment", "evidence", "findings")
"""Long tables at the end of a report, in its order."""
OWN_SECTIONS: Final = ("findings",)
"""In a report with a custom template, whose pages show all that they can."""
OWN_PAGE_FINDINGS: Final = 500
"""Findings on the pages of a custom template."""


def annex_sections(
    document: ReportDocument, printed: FindingsTable, options: RenderingOptions, own: Path | None
) -> tuple[str, ...]:
    """Ids of the sections that stand in the annex; none where their rows are few, so that they share designed pages."""
    if own is not None:
        return OWN_SECTIONS if printed.total > max(options.page_rows, OWN_PAGE_FINDINGS) else ()
    shown = [section.id for section in shown_sections(document) if section.id in SECTIONS]
    rows = printed.total + len(document.requirements) * sum(name != "findings" for name in shown)
    if rows <= options.page_rows:
        return ()
    return tuple(name for name in shown if name != "findings" or printed.total)


def annex_items(
    document: ReportDocument,
    printed: FindingsTable,
    sections: tuple[str, ...],
    locale: Locale,
    variant: PdfVariant | None,
    *,
    has_heads: bool,
) -> Iterator[Item]:
    """Each section with its heading, or the findings alone, whose heading the pages before have.

    ``printed`` is sorted by check.
    """
    context = AnnexContext(
        document=document,
        locale=locale,
        anchors=requirement_anchors(document),
        exceptions=numbers_of(printed) if "evidence" in sections else {},
    )
    if not has_heads:
        yield from finding_rows(printed, context)
        return
    for name in sections:
        title = locale.text(f"section.{name}")
        yield Item(heading=2, style="section", anchor=name, title=(plain(title),), cells=((),), mark=(0, title))
        match name:
            case "control_assessment":
                firsts = {of: f"check-{number}" for of, number in first_checks_of(printed).items()}
                yield from requirement_items(context, firsts)
            case "evidence":
                yield from evidence_items(context)
            case _:
                yield from _introduction(document, printed, locale, variant)
                yield from finding_rows(printed, context)


def finding_rows(printed: FindingsTable, context: AnnexContext) -> Iterator[Item]:
    """The findings, then what passes, then in audit reports the sources."""
    document, locale = context.document, context.locale
    yield from finding_items(group_findings(printed, document.checks), context)
    if document.header.type is ReportType.AUDIT:
        if printed.total < document.findings.total:
            yield from passing_items(document, locale)
        yield from source_items(list_sources(printed), locale)


def _introduction(
    document: ReportDocument, printed: FindingsTable, locale: Locale, variant: PdfVariant | None
) -> Iterator[Item]:
    text, total = locale.text, document.findings.total
    is_part = printed.total < total
    intro = text("findings.by_check") + (f" {text('findings.passing_counted')}" if is_part else "")
    yield Item(cells=((plain(intro),),), style="lead")
    files = complete_files(document, locale, variant)
    label = [text("findings.printed", shown=locale.number(printed.total), total=locale.number(total))]
    ordered = files["findings"]["ordered"]
    if ordered and total > 1:
        label.append(text("findings.complete", total=locale.number(total), id=document.header.id, files=ordered))
    elif is_part:
        label.append(_rest(files["findings"], locale, "files.all"))
    passing = document.passing_checks
    if is_part and passing and document.header.type is not ReportType.AUDIT:
        findings = locale.number(sum(check.passed for check in passing))
        label.append(locale.plural("findings.only_passing_total", len(passing), findings=findings))
    if has_long_text(printed):
        label += [
            text("findings.long_text", limit=locale.number(TEXT_LIMIT)),
            _rest(files["long_texts"], locale, "files.whole"),
        ]
    yield Item(cells=((plain(" ".join(label)),),), style="strong")


def _rest(which: Mapping[str, str | None], locale: Locale, text: str) -> str:
    """Where the rest is, in files that were ordered; how to have it where none was."""
    if which["ordered"]:
        return locale.text(text, files=which["ordered"])
    return locale.text("files.order", formats=which["wanted"])
