"""What may differ between two renderings of the same document, and what a paged rendering tells about itself."""

from dataclasses import dataclass
from pathlib import Path

from policycortex.names import PdfVariant


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderingOptions:
    """Choices of the order that change looks or size, never numbers."""

    page_findings: int = 500
    """Findings that stand on designed pages; more go to the annex."""
    screen_findings: int = 100_000
    """Findings embedded in one HTML file; a browser stays quick up to here. More are named with "n of N"."""
    sheet_rows: int = 1_048_575
    """Findings on one sheet of the workbook: all rows Excel has, without the head."""
    watermark: str | None = None
    """Text over every page and above every sheet; None for none. Tables and JSON have no place for it."""
    pdf_variant: PdfVariant | None = None
    """The standard the PDF is made to; None for a tagged one that follows none."""
    templates_dir: Path | None = None
    """The installation's own templates and catalogues; None where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionPages:
    """One section of a paged artifact, as its contents page names it, and how many pages it touches."""

    name: str
    pages: int
