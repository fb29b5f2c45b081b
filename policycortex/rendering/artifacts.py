"""Renders a document to one file: chooses the renderer, writes to a temporary name, then renames. The public interface.

A file with its final name is complete. A crash leaves only ``.part`` files, which the next call overwrites.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.errors import RenderingError
from policycortex.names import ReportFormat, ReportType
from policycortex.rendering.csv_files import render_csv_file
from policycortex.rendering.excel.workbook import render_workbook
from policycortex.rendering.findings_parquet import render_parquet
from policycortex.rendering.html.screen import render_html
from policycortex.rendering.ocsf import render_ocsf
from policycortex.rendering.options import RenderingOptions, SectionPages, report_locale
from policycortex.rendering.oscal import render_oscal
from policycortex.rendering.oscal_poam import render_oscal_poam
from policycortex.rendering.pdf.document import render_pdf, set_parts
from policycortex.rendering.pdf.merging import PdfParts
from policycortex.rendering.pdf.watermarks import join_marked
from policycortex.rendering.report_json import render_json
from policycortex.rendering.word.document import render_word

__all__ = ["RenderedArtifact", "RenderingOptions", "SectionPages", "render_artifact", "render_copy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedArtifact:
    """One file. ``pages`` and ``sections`` are set for formats with pages, else None and empty."""

    format: ReportFormat
    path: Path
    media_type: str
    pages: int | None = None
    sections: tuple[SectionPages, ...] = ()
    parts: PdfParts | None = None
    """A watermarked PDF before its watermark, for copies with other watermarks; None for other files."""


def render_artifact(
    document: ReportDocument,
    format: ReportFormat,  # noqa: A002 - the word the API uses
    folder: Path,
    *,
    options: RenderingOptions | None = None,
) -> RenderedArtifact:
    """Write ``document`` as ``report.<extension>`` into ``folder``, replacing what was there. Raises RenderingError."""
    options = options or RenderingOptions()
    path = folder / f"report.{format.extension}"
    part = path.with_name(path.name + ".part")
    try:
        if format is ReportFormat.PDF:
            return _render_pdf(document, path, part, options)
        _RENDERERS[format](document, part, options)
        part.replace(path)
    except OSError as error:
        raise RenderingError(f"{path} could not be written: {error.strerror or error}") from error
    return RenderedArtifact(format=format, path=path, media_type=format.media_type)


def render_copy(
    document: ReportDocument, rendered: RenderedArtifact, options: RenderingOptions, folder: Path
) -> Path | None:
    """The same file with the watermark of ``options``, in ``folder``; None for formats without watermarks.

    Raises RenderingError.
    """
    if options.watermark is None:
        raise ValueError("a copy needs a watermark, and options.watermark is None")
    path = folder / rendered.path.name
    match rendered.format:
        case ReportFormat.PDF:
            if rendered.parts is None:
                raise ValueError("a copy needs the parts of a watermarked report, and this one has none")
            join_marked(rendered.parts, path, options.watermark, report_locale(document, options))
        case ReportFormat.HTML | ReportFormat.EXCEL | ReportFormat.DOCX:
            path = render_artifact(document, rendered.format, folder, options=options).path
        case _:
            return None
    return path


def _render_pdf(document: ReportDocument, path: Path, part: Path, options: RenderingOptions) -> RenderedArtifact:
    parts = None
    if options.watermark is None:
        layout = render_pdf(document, part, options)
    else:
        folder = path.with_name(f".parts-{path.name}")
        folder.mkdir(exist_ok=True)
        layout, parts = set_parts(document, folder, options)
        join_marked(parts, part, options.watermark, report_locale(document, options))
    part.replace(path)
    return RenderedArtifact(
        format=ReportFormat.PDF,
        path=path,
        media_type=ReportFormat.PDF.media_type,
        pages=layout.pages,
        sections=layout.sections,
        parts=parts,
    )


def _render_oscal(document: ReportDocument, path: Path, options: RenderingOptions) -> None:
    render = render_oscal_poam if document.header.type is ReportType.POAM else render_oscal
    render(document, path, oscal_version=options.oscal_version)


_Renderer = Callable[[ReportDocument, Path, RenderingOptions], None]

_RENDERERS: Final[dict[ReportFormat, _Renderer]] = {
    ReportFormat.CSV: lambda document, path, options: render_csv_file(document, path, has_bom=options.has_csv_bom),
    ReportFormat.JSON: lambda document, path, _: render_json(document, path),
    ReportFormat.HTML: render_html,
    ReportFormat.OSCAL: _render_oscal,
    ReportFormat.EXCEL: render_workbook,
    ReportFormat.DOCX: render_word,
    ReportFormat.PARQUET: lambda document, path, _: render_parquet(document, path),
    ReportFormat.OCSF: lambda document, path, _: render_ocsf(document, path),
}
