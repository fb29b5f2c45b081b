"""Laid-out pages to a file: the variant, what is embedded in it, and names for its links that can be read aloud."""

import warnings
from functools import partial
from pathlib import Path
from typing import Any

from weasyprint import Attachment, Document

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import PdfVariant, ReportFormat
from policycortex.rendering.csv_files import render_csv_file
from policycortex.rendering.options import RenderingOptions
from policycortex.rendering.report_json import render_json
from policycortex.reports.registry import shown_sections


def write_front(
    front: Document, document: ReportDocument, locale: Locale, options: RenderingOptions, *, folder: Path, target: Path
) -> None:
    """Write the pages to ``target``; ``folder`` takes files on their way into it."""
    titles = {section.id: locale.text(f"section.{section.id}") for section in shown_sections(document)}

    def name_links(_: Document, pdf: Any) -> None:  # noqa: ANN401 - pydyf has no types
        for item in pdf.objects:
            if isinstance(item, dict) and item.get("Subtype") == "/Link":
                contents = item.get("Contents")
                if contents is not None and contents.string in titles:
                    contents.string = titles[contents.string]

    variant = options.pdf_variant
    is_archive = variant is PdfVariant.ARCHIVE
    with warnings.catch_warnings():
        # WeasyPrint does not close the file of its colour profile, which raises a ResourceWarning.
        warnings.simplefilter("ignore", ResourceWarning)
        front.write_pdf(
            target,
            finisher=name_links,
            pdf_tags=True,
            pdf_variant=variant.value if variant else None,
            attachments=_attachments(document, options, folder) if is_archive else None,
        )


def _attachments(document: ReportDocument, options: RenderingOptions, folder: Path) -> list[Attachment]:
    """Files of a PDF for keeping, in the order of their names."""
    made = []
    render_table = partial(render_csv_file, has_bom=options.has_csv_bom)
    for report_format, render in ((ReportFormat.CSV, render_table), (ReportFormat.JSON, render_json)):
        path = folder / f"report.{report_format.extension}"
        render(document, path)
        made.append(
            Attachment(
                string=path.read_bytes(),
                name=path.name,
                description=f"{document.header.id}: {path.name}",
                created=document.header.generated_at,
                modified=document.header.generated_at,
                relationship="Data",
            )
        )
        path.unlink()
    return made
