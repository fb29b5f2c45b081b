"""What is wrong with a workbook that somebody sends, before a library opens it: its size, and what its XML declares.

An archive holds no more bytes than it declares: reading ends there.
"""

import re
import zipfile
from typing import Final

_DECLARATION: Final = re.compile(rb"<!(DOCTYPE|ENTITY)")
_EXTERNAL: Final = re.compile(rb'<(?:\w+:)?Relationship (?=[^>]*TargetMode="External")([^>]*)>')
_UTF_16: Final = frozenset({b"\xff\xfe", b"\xfe\xff"})
_REASONS: Final = (
    ("vba", "macros"), ("macrosheets", "macros"), ("activeX", "controls"), ("ctrlProps", "controls"),
    ("externalLinks", "links to other workbooks"), ("connections", "data connections"), ("queryTables", "queries"),
    ("pivot", "pivot tables"), ("slicer", "slicers"), ("timeline", "timelines"), ("comments", "comments"),
    ("threadedComments", "comments"), ("diagrams", "diagrams"), ("charts/", "a kind of chart"),
    ("chartsheets", "chart sheets"), ("media/", "a kind of picture"), ("embeddings", "embedded files"),
    ("drawings/", "drawings"), ("richData", "linked data types"),
)  # fmt: skip


def unpacked_problem(archive: zipfile.ZipFile, *, most_bytes: int, most_parts: int) -> str | None:
    """What is wrong with the unpacked size: a small archive can hold any number of bytes."""
    entries = archive.infolist()
    if len(entries) > most_parts or sum(entry.file_size for entry in entries) > most_bytes:
        return f"is too large when it is unpacked: the limit is {most_bytes >> 20} MiB in {most_parts} parts"
    return None


def content_problem(content: bytes, entry: str) -> str | None:
    """What is wrong with the part ``entry``: it declares a document type, or reads something outside the workbook."""
    if not entry.endswith((".xml", ".rels")):
        return None
    if _DECLARATION.search(content) or content[:2] in _UTF_16:
        return f"{entry} declares a document type or is not UTF-8"
    if any(b"/hyperlink" not in link for link in _EXTERNAL.findall(content)):
        return f"{entry} reads something outside the workbook; remove the link"
    return None


def part_kind(entry: str) -> str:
    """What a part holds, in words."""
    return next((kind for part, kind in _REASONS if part.casefold() in entry.casefold()), "not supported")
