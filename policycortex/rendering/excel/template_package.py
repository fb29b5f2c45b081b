"""Checks a workbook that is used as a template, before it is opened: its size, and that filling it loses nothing.

openpyxl drops what it does not know without a word. So only parts that it keeps are accepted; each other is named.
"""

import re
import zipfile
from pathlib import Path
from typing import Final

from policycortex.errors import RenderingError
from policycortex.rendering.excel.package_safety import content_problem, part_kind, unpacked_problem

LARGEST_FILE: Final = 20 << 20
LARGEST_CONTENT: Final = 100 << 20
"""Bytes of all parts unpacked: a small archive can hold any number of them."""
MOST_PARTS: Final = 2_000
_NAMED: Final = 3
_KEPT: Final = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(app|core|custom)\.xml"
    r"|xl/(workbook|styles|sharedStrings|calcChain)\.xml|xl/_rels/workbook\.xml\.rels|xl/theme/theme\d+\.xml"
    r"|xl/worksheets/sheet\d+\.xml|xl/worksheets/_rels/sheet\d+\.xml\.rels|xl/tables/table\d+\.xml"
    r"|xl/printerSettings/printerSettings\d+\.bin|xl/drawings/drawing\d+\.xml"
    r"|xl/drawings/_rels/drawing\d+\.xml\.rels|xl/charts/(chart|style|colors)\d+\.xml"
    r"|xl/charts/_rels/chart\d+\.xml\.rels|xl/media/[\w.-]+\.(png|jpe?g)"
)
"""Printer settings, the order of calculation and the presets of a chart's style are made anew by Excel."""
_SHAPES: Final = re.compile(rb"<(?:\w+:)?(sp|grpSp|cxnSp|contentPart)[ >]")


def check_package(path: Path, name: str) -> None:
    """Raise RenderingError where the workbook at ``path``, called ``name`` in messages, cannot be filled safely."""
    if path.stat().st_size > LARGEST_FILE:
        raise RenderingError(f"{name} is larger than {LARGEST_FILE >> 20} MiB")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive, name)
            _check_names(archive, name)
            for entry in archive.infolist():
                _check_content(archive.read(entry), entry.filename, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise RenderingError(f"{name} is no workbook of Excel (.xlsx): {error}") from error


def _check_sizes(archive: zipfile.ZipFile, name: str) -> None:
    problem = unpacked_problem(archive, most_bytes=LARGEST_CONTENT, most_parts=MOST_PARTS)
    if problem is not None:
        raise RenderingError(f"{name} {problem}")


def _check_names(archive: zipfile.ZipFile, name: str) -> None:
    lost = [entry for entry in archive.namelist() if not entry.endswith("/") and not _KEPT.fullmatch(entry)]
    if lost:
        shown = ", ".join(f"{entry} ({part_kind(entry)})" for entry in sorted(lost)[:_NAMED])
        more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        raise RenderingError(f"{name} has parts that would be lost: {shown}{more}; remove them from the workbook")


def _check_content(content: bytes, entry: str, name: str) -> None:
    if (problem := content_problem(content, entry)) is not None:
        raise RenderingError(f"{name}: {problem}")
    if entry.startswith("xl/drawings/drawing") and (shape := _SHAPES.search(content)):
        kind = "a text box or shape" if shape[1] == b"sp" else "a group, line or ink"
        raise RenderingError(f"{name} has parts that would be lost: {kind} in {entry}; remove it from the workbook")
