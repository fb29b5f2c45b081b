"""Protects rendered files: encrypts them with the request's password, and makes a watermarked copy per recipient."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from policycortex.names import ReportFormat
from policycortex.shortening import shorten

if TYPE_CHECKING:
    from policycortex.documents.model import ReportDocument
    from policycortex.rendering.artifacts import RenderedArtifact
    from policycortex.rendering.options import RenderingOptions

_TARGET_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """One file of a report, as it is stored."""

    name: str
    """The name of the format, or of a file that belongs to no format."""
    format: ReportFormat | None
    """None for copies, signatures and the manifest."""
    kind: ReportFormat | None
    """The format it was rendered in, also for copies; None for signatures and the manifest."""
    path: Path
    extension: str
    media_type: str

    @property
    def stem(self) -> str:
        """Its name for the artifact store."""
        return re.sub(r"[^a-z0-9]+", "_", self.name)


def protect_files(
    document: "ReportDocument",
    rendered: "Sequence[RenderedArtifact]",
    *,
    options: "RenderingOptions",
    password: str | None,
    recipients: Sequence[tuple[str, str]],
    folder: Path,
    now: datetime,
) -> tuple[ReportFile, ...]:
    """The report's own files, then the copies. ``recipients`` are delivery ids with their targets.

    ``options`` are those that ``rendered`` was made with.
    """
    from policycortex.rendering.artifacts import render_copy  # noqa: PLC0415 - see workflow.reports

    copies = []
    for delivery_id, target in recipients if options.watermark is not None else ():
        place = folder / delivery_id
        place.mkdir(mode=0o700, exist_ok=True)
        text = mark_for(options.watermark or "", target, delivery_id)
        for item in rendered:
            path = render_copy(document, item, replace(options, watermark=text), place)
            if path is not None:
                copies.append((copy_name(delivery_id, item.format), item.format, path))
    own = [_protected(item.format.value, item.format, item.path, password, now) for item in rendered]
    marked = [_protected(name, kind, path, password, now) for name, kind, path in copies]
    return (*own, *(replace(file, format=None) for file in marked))


def copy_name(delivery_id: str, report_format: ReportFormat) -> str:
    """The name of the watermarked copy of a delivery."""
    return f"{delivery_id}/{report_format.value}"


def mark_for(watermark: str, target: str, delivery_id: str) -> str:
    """The watermark of a copy: the report's text, the target, and the delivery id."""
    shown = shorten(re.sub(r"\s+", " ", target).strip(), _TARGET_SHOWN)
    return " · ".join(part for part in (watermark, shown, delivery_id) if part)


def _protected(name: str, kind: ReportFormat, path: Path, password: str | None, now: datetime) -> ReportFile:
    if password is None:
        return ReportFile(
            name=name, format=kind, kind=kind, path=path, extension=kind.extension, media_type=kind.media_type
        )
    from policycortex.security.protection import protect_file  # noqa: PLC0415 - its libraries take 40 MB

    made = protect_file(kind, path, password, made_at=now)
    return ReportFile(
        name=name, format=kind, kind=kind, path=made.path, extension=made.extension, media_type=made.media_type
    )
