"""Document in, one file out: the only door into this room. Chooses the renderer, writes to a temporary name, renames.

A file under its final name is whole; a crash between leaves only ``.part`` files, which the next call overwrites.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.errors import RenderingError
from policycortex.names import ReportFormat
from policycortex.rendering.findings_csv import render_csv
from policycortex.rendering.options import RenderingOptions, SectionPages
from policycortex.rendering.oscal import render_oscal
from policycortex.rendering.page import page_locale
from policycortex.rendering.pdf import render_pdf
from policycortex.rendering.report_json import render_json
from policycortex.rendering.screen import render_html
from policycortex.rendering.watermarks import stamp_watermark
from policycortex.rendering.workbook import render_workbook

__all__ = ["RenderedArtifact", "RenderingOptions", "SectionPages", "render_artifact", "render_copy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedArtifact:
    """One file. ``pages`` and ``sections`` are told by formats that have pages, else None and empty."""

    format: ReportFormat
    path: Path
    media_type: str
    pages: int | None = None
    sections: tuple[SectionPages, ...] = ()


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
            layout = render_pdf(document, part, options)
            if options.watermark is None:
                part.replace(path)
            else:
                stamp_watermark(part, path, options.watermark, page_locale(document, options))
                part.replace(plain_path(path))
            return RenderedArtifact(
                format=format, path=path, media_type=format.media_type, pages=layout.pages, sections=layout.sections
            )
        _RENDERERS[format](document, part, options)
        part.replace(path)
    except OSError as error:
        raise RenderingError(f"{path} could not be written: {error.strerror or error}") from error
    return RenderedArtifact(format=format, path=path, media_type=format.media_type)


def plain_path(path: Path) -> Path:
    """Where the PDF without its watermark lies until the folder goes, for copies with a mark of their own."""
    return path.with_name(f".plain-{path.name}")


def render_copy(
    document: ReportDocument, rendered: RenderedArtifact, options: RenderingOptions, folder: Path
) -> Path | None:
    """The same file with the watermark of ``options``, in ``folder``; None for formats that bear none.

    Raises RenderingError.
    """
    if options.watermark is None:
        raise ValueError("a copy is made for its watermark, and none is given")
    path = folder / rendered.path.name
    match rendered.format:
        case ReportFormat.PDF:
            stamp_watermark(plain_path(rendered.path), path, options.watermark, page_locale(document, options))
        case ReportFormat.HTML | ReportFormat.EXCEL:
            path = render_artifact(document, rendered.format, folder, options=options).path
        case _:
            return None
    return path


_Renderer = Callable[[ReportDocument, Path, RenderingOptions], None]

_RENDERERS: Final[dict[ReportFormat, _Renderer]] = {
    ReportFormat.CSV: lambda document, path, _: render_csv(document, path),
    ReportFormat.JSON: lambda document, path, _: render_json(document, path),
    ReportFormat.HTML: render_html,
    ReportFormat.OSCAL: lambda document, path, _: render_oscal(document, path),
    ReportFormat.EXCEL: render_workbook,
}
