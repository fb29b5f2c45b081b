"""Choices that two renderings of the same document may differ in, and the page counts of a paged rendering."""

from dataclasses import dataclass
from pathlib import Path

from policycortex.documents.locales import Locale, open_locale
from policycortex.documents.model import ReportDocument
from policycortex.documents.template_files import custom_template
from policycortex.names import OscalVersion, PdfVariant


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderingOptions:
    """Choices of the request that change the look or the size of a file, never its numbers."""

    page_rows: int = 40
    """Requirements and findings on designed pages; a report with more has them all in the annex."""
    screen_findings: int = 100_000
    """Findings embedded in one HTML file; a browser stays quick up to here. The page says "n of N" where there are
    more."""
    sheet_rows: int = 1_048_575
    """Findings on one sheet of the workbook: Excel's limit without the head."""
    word_findings: int = 5_000
    """Findings in a Word document; it says "n of N" where there are more."""
    watermark: str | None = None
    """Text over every page and above every sheet; None for none. CSV and JSON have no place for it."""
    pdf_variant: PdfVariant | None = None
    """The standard the PDF conforms to; None for a tagged PDF without one."""
    has_csv_bom: bool = False
    """CSV files begin with a byte order mark, those inside a PDF too."""
    oscal_version: OscalVersion = OscalVersion.V1_1_2
    """Of OSCAL files."""
    templates_dir: Path | None = None
    """The installation's own templates and catalogues; None where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionPages:
    """One section of a paged artifact, by its title, and the number of pages it touches."""

    name: str
    pages: int


def report_locale(document: ReportDocument, options: RenderingOptions) -> Locale:
    """The catalogue in the document's language. Raises ConfigurationError where there is none."""
    return open_locale(document.header.locale, options.templates_dir, document.header.period.zone)


def report_template(document: ReportDocument, options: RenderingOptions) -> Path | None:
    """The folder of the document's custom template; None for the built-in one. Raises ConfigurationError."""
    name = document.header.template
    return None if name is None else custom_template(options.templates_dir, name)
