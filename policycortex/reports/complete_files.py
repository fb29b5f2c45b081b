"""Names the files of a report that have all rows of a table. Only requested files are named."""

from collections.abc import Collection, Sequence
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import PdfVariant, ReportFormat

_EMBEDDED: Final = (ReportFormat.CSV, ReportFormat.JSON)
"""Embedded in an archival PDF, whatever else was requested."""
_WORDS: Final = {ReportFormat.CSV: "CSV", ReportFormat.JSON: "JSON", ReportFormat.EXCEL: "Excel"}
_OF_FINDINGS: Final = (ReportFormat.CSV, ReportFormat.JSON, ReportFormat.EXCEL)
_OF_TABLES: Final = (ReportFormat.EXCEL, ReportFormat.JSON)
_OF_LONG_TEXTS: Final = (ReportFormat.CSV, ReportFormat.JSON)


def complete_files(
    document: ReportDocument, locale: Locale, variant: PdfVariant | None = None
) -> dict[str, dict[str, str | None]]:
    """By what they hold: ``ordered``, words for at most two files, None without any; ``wanted``, formats to ask for."""
    given = {*document.header.formats, *(_EMBEDDED if variant is PdfVariant.ARCHIVE else ())}
    kinds = {"findings": _OF_FINDINGS, "tables": _OF_TABLES, "long_texts": _OF_LONG_TEXTS}
    return {
        name: {
            "ordered": _named(given, formats, locale),
            "wanted": locale.text("files.either", first=_WORDS[formats[0]], second=_WORDS[formats[1]]),
        }
        for name, formats in kinds.items()
    }


def _named(given: Collection[ReportFormat], formats: Sequence[ReportFormat], locale: Locale) -> str | None:
    match [_WORDS[each] for each in formats if each in given][:2]:
        case [first, second]:
            return locale.text("files.two", first=first, second=second)
        case [first]:
            return locale.text("files.one", first=first)
        case _:
            return None
