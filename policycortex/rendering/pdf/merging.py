"""Joins designed pages and annex to one PDF: pages, structure tree, outline and page numbers.

The structure trees are joined too: with merged pages alone the file would claim to be tagged, but its tags would cover
only the first part. Each part is prepared alone and streamed out, so that memory does not grow with the annex.

A reference from one file into another is a placeholder: an indirect dictionary whose only key names its target.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, OutlineItem, String

from policycortex.rendering.pdf.annex import Annex, table_of
from policycortex.rendering.pdf.object_writer import PdfWriter, shift

_TARGET: Final = "/PolicyCortexTarget"

_Numbers = dict[str, int]
"""Object numbers in the finished file by the name a placeholder gives its target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfParts:
    """A report before it is one file: the designed pages, and the annex where there is one."""

    front: Path
    annex: Annex | None = None
    footers: Path | None = None
    """One page for each of the report's, holding its number; None without an annex, as the front has its own."""


LayOver = Callable[[pikepdf.Pdf], None]
"""Draws over every page of one part."""


def join_parts(parts: PdfParts, target: Path, lay_over: LayOver | None = None) -> None:
    """Write the report to ``target``. The parts stay as they are, so this can be repeated with another overlay."""
    if parts.annex is not None and parts.footers is not None:
        _merge_annex(parts.front, parts.annex, parts.footers, target, lay_over or _leave)
    elif lay_over is None:
        copyfile(parts.front, target)
    else:
        with pikepdf.open(parts.front) as pdf:
            lay_over(pdf)
            pdf.save(target, object_stream_mode=pikepdf.ObjectStreamMode.preserve)


def _leave(_: pikepdf.Pdf) -> None:
    """No overlay."""


def _merge_annex(front: Path, annex: Annex, footers: Path, target: Path, lay_over: LayOver) -> None:
    """Write ``front`` followed by ``annex`` to ``target``, each page with its number from ``footers``."""
    with pikepdf.open(front) as pdf, pikepdf.open(footers) as numbers, PdfWriter(target) as writer:
        first_page, next_key = len(pdf.pages), _prepare_front(pdf, annex, numbers)
        lay_over(pdf)
        offset = writer.reserve(pdf)
        into_front = {"pages": offset + _number(pdf.Root.Pages), "document": offset + _number(_document_of(pdf))}
        into_parts: _Numbers = {}
        for index, path in enumerate(annex.parts):
            with pikepdf.open(path) as part:
                next_key = _prepare_part(part, numbers, first_page, next_key)
                lay_over(part)
                shifted = writer.reserve(part)
                into_parts |= {k: shifted + n for k, n in _name_targets(part, index, first_page).items()}
                first_page += len(part.pages)
                part.Root.Pages.Parent = _placeholder(part, "pages")
                _write(writer, part, shifted, into_front)
        # Only now: qpdf repairs an unusual page tree as soon as pages are read.
        pdf.Root.Pages.Kids.extend([_placeholder(pdf, f"pages-{n}") for n in range(len(annex.parts))])
        pdf.Root.Pages.Count = first_page
        _write(writer, pdf, offset, into_parts)
        info = pdf.trailer.get("/Info")
        writer.finish(offset + _number(pdf.Root), None if info is None else offset + _number(info))


def _write(writer: PdfWriter, pdf: pikepdf.Pdf, offset: int, targets: _Numbers) -> None:
    replaced = _placeholders(pdf, targets)
    renumber = shift(offset, replaced)
    for item in pdf.objects:
        if _number(item) not in replaced:
            writer.add(item, renumber)


def _prepare_front(pdf: pikepdf.Pdf, annex: Annex, numbers: pikepdf.Pdf) -> int:
    """Number the pages and let placeholders stand for all that follows; returns the next key of its parent tree."""
    for page, number in zip(pdf.pages, numbers.pages, strict=False):
        _number_page(pdf, page, number)
    _add_outline(pdf, annex)
    parts = range(len(annex.parts))
    tree = pdf.Root.StructTreeRoot
    leaf, next_key = _moved_parents(tree.ParentTree.Nums, 0)
    kids = [pdf.make_indirect(leaf), *(_placeholder(pdf, f"parents-{n}") for n in parts)]
    tree.ParentTree = pdf.make_indirect(Dictionary(Kids=Array(kids)))
    _document_of(pdf).K.extend([_placeholder(pdf, f"table-{n}") for n in parts])
    return next_key


def _prepare_part(pdf: pikepdf.Pdf, numbers: pikepdf.Pdf, first_page: int, first_key: int) -> int:
    """Number its pages, move its keys behind those before, hang its table into the front; returns the next key."""
    for n, page in enumerate(pdf.pages):
        _number_page(pdf, page, numbers.pages[first_page + n])
        page.StructParents = int(page.StructParents) + first_key
    tree, table = pdf.Root.StructTreeRoot, table_of(pdf)
    leaf, next_key = _moved_parents(tree.ParentTree.Nums, first_key)
    tree.ParentTree = pdf.make_indirect(leaf)
    _strip_ids(table)
    table.P = _placeholder(pdf, "document")
    return next_key


def _name_targets(pdf: pikepdf.Pdf, index: int, first_page: int) -> _Numbers:
    """Objects of a part that the front points to, by their number in the part."""
    named = {
        f"pages-{index}": pdf.Root.Pages,
        f"table-{index}": table_of(pdf),
        f"parents-{index}": pdf.Root.StructTreeRoot.ParentTree,
    }
    named |= {f"page-{first_page + n}": page.obj for n, page in enumerate(pdf.pages)}
    return {name: _number(item) for name, item in named.items()}


def _add_outline(pdf: pikepdf.Pdf, annex: Annex) -> None:
    """The annex's groups under the last entry, which is the findings."""
    first = len(pdf.pages)
    with pdf.open_outline() as outline:
        for mark in annex.marks:
            destination = Array([_placeholder(pdf, f"page-{first + mark.page}"), Name.FitH, 842])
            outline.root[-1].children.append(OutlineItem(mark.title, destination))


def _number_page(pdf: pikepdf.Pdf, page: pikepdf.Page, number: pikepdf.Page) -> None:
    """Lay the number over the page as an artifact, which readers aloud skip."""
    name = page.add_resource(pdf.copy_foreign(number.as_form_xobject()), Name.XObject)
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(f"\nQ /Artifact BMC {name} Do EMC".encode())


def _strip_ids(table: pikepdf.Object) -> None:
    """Ids of head cells repeat from part to part; their scope says the same, so ids and references to them go."""
    for cell in table.K[0].K[0].K:
        if "/ID" in cell:
            del cell.ID
    for row in table.K[1].K:
        for cell in row.K:
            if "/A" in cell:
                del cell.A


def _moved_parents(numbers: pikepdf.Object, first_key: int) -> tuple[Dictionary, int]:
    """A leaf of the parent tree with all keys moved up, and the key after its last."""
    keys = [int(numbers[n]) + first_key for n in range(0, len(numbers), 2)]
    moved = Array([item for n, key in enumerate(keys) for item in (key, numbers[2 * n + 1])])
    return Dictionary(Nums=moved, Limits=Array([keys[0], keys[-1]])), keys[-1] + 1


def _document_of(pdf: pikepdf.Pdf) -> pikepdf.Object:
    root = pdf.Root.StructTreeRoot.K
    return root[0] if isinstance(root, Array) else root


def _placeholder(pdf: pikepdf.Pdf, target: str) -> pikepdf.Object:
    return pdf.make_indirect(Dictionary({_TARGET: String(target)}))


def _placeholders(pdf: pikepdf.Pdf, targets: _Numbers) -> dict[int, int]:
    """Object numbers of the placeholders in ``pdf`` and the numbers in the finished file they stand for."""
    found = {
        _number(item): str(item[_TARGET])
        for item in pdf.objects
        if isinstance(item, Dictionary) and not isinstance(item, pikepdf.Stream) and _TARGET in item
    }
    return {number: targets[name] for number, name in found.items()}


def _number(item: pikepdf.Object) -> int:
    return item.objgen[0]
