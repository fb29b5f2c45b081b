"""Names the files of a report that have all rows of a table. Only requested files are named."""

from collections.abc import Collection, Sequence
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import PdfVariant, ReportFormat, ReportType

_EMBEDDED: Final = (ReportFormat.CSV, ReportFormat.JSON)
"""Embedded in an archival PDF, whatever else was requested."""
_WORDS: Final = {ReportFormat.CSV: "CSV", ReportFormat.JSON: "JSON", ReportFormat.EXCEL: "Excel"}
_OF_FINDINGS: Final = (ReportFormat.CSV, ReportFormat.JSON, ReportFormat.EXCEL)
_OF_TABLES: Final = (ReportFormat.EXCEL, ReportFormat.JSON)
_OF_LONG_TEXTS: Final = (ReportFormat.CSV, ReportFormat.JSON)
_OF_PLANS: Final = (ReportFormat.JSON,)
"""Of a plan of action: its workbook and its CSV file are the plan, not the findings. The CSV file of a history of
indicators is the history."""


def complete_files(
    document: ReportDocument, locale: Locale, variant: PdfVariant | None = None
) -> dict[str, dict[str, str | None]]:
    """By what they hold: ``ordered``, words for at most two files, None without any; ``wanted``, formats to ask for."""
    given = {*document.header.formats, *(_EMBEDDED if variant is PdfVariant.ARCHIVE else ())}
    kinds: dict[str, Sequence[ReportFormat]]
    kinds = {"findings": _OF_FINDINGS, "tables": _OF_TABLES, "long_texts": _OF_LONG_TEXTS}
    if document.header.type is ReportType.POAM:
        kinds = dict.fromkeys(kinds, _OF_PLANS)
    if document.header.type is ReportType.INDICATOR_HISTORY:
        kinds = {"findings": _OF_TABLES, "tables": _OF_TABLES, "long_texts": _OF_PLANS}
    return {
        name: {
            "ordered": _named(given, formats, locale),
            "wanted": _wanted(formats, locale),
        }
        for name, formats in kinds.items()
    }


def _wanted(formats: Sequence[ReportFormat], locale: Locale) -> str:
    words = [_WORDS[each] for each in formats][:2]
    return words[0] if len(words) == 1 else locale.text("files.either", first=words[0], second=words[1])


def _named(given: Collection[ReportFormat], formats: Sequence[ReportFormat], locale: Locale) -> str | None:
    match [_WORDS[each] for each in formats if each in given][:2]:
        case [first, second]:
            return locale.text("files.two", first=first, second=second)
        case [first]:
            return locale.text("files.one", first=first)
        case _:
            return None
