"""Joins designed pages and annex to one PDF: pages, structure tree, outline and page numbers.

The structure trees are joined too: with merged pages alone the file would claim to be tagged, but its tags would cover
only the first part. Each part is prepared alone and streamed out, so that memory does not grow with the annex.

A reference from one file into another is a placeholder: an indirect dictionary whose only key names its target.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, OutlineItem, String

from policycortex.rendering.pdf.annex import Annex
from policycortex.rendering.pdf.links import fill_names, hold_names, resolve_links, target_of
from policycortex.rendering.pdf.object_writer import PdfWriter, shift
from policycortex.rendering.pdf.structure import document_of, kids_of

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
        resolve_links(pdf)
        pages = [_placeholder(pdf, f"page-{first_page + n}") for n in range(annex.pages)]
        _add_outline(pdf, annex, pages)
        names = hold_names(pdf)
        kids = [_placeholder(pdf, f"pages-{n}") for n in range(len(annex.parts))]
        offset = writer.reserve(pdf)  # the front gets no further object after this
        into_front = {"pages": offset + _number(pdf.Root.Pages), "document": offset + _number(document_of(pdf))}
        into_parts: _Numbers = {}
        places: dict[str, pikepdf.Object] = {}
        front_pages = first_page
        for index, path in enumerate(annex.parts):
            with pikepdf.open(path) as part:
                next_key = _prepare_part(part, numbers, first_page, next_key)
                lay_over(part)
                own = pages[first_page - front_pages :]
                places |= {name: target_of(place, own[place.page]) for name, place in resolve_links(part).items()}
                shifted = writer.reserve(part)
                into_parts |= {k: shifted + n for k, n in _name_targets(part, index, first_page).items()}
                first_page += len(part.pages)
                part.Root.Pages.Parent = _placeholder(part, "pages")
                _write(writer, part, shifted, into_front)
        fill_names(names, places)
        # Only now: qpdf repairs an unusual page tree as soon as pages are read.
        pdf.Root.Pages.Kids.extend(kids)
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
    parts = range(len(annex.parts))
    tree = pdf.Root.StructTreeRoot
    leaf, next_key = _moved_parents(tree.ParentTree.Nums, 0)
    kids = [pdf.make_indirect(leaf), *(_placeholder(pdf, f"parents-{n}") for n in parts)]
    tree.ParentTree = pdf.make_indirect(Dictionary(Kids=Array(kids)))
    document_of(pdf).K.extend([_placeholder(pdf, f"part-{n}") for n in parts])
    return next_key


def _prepare_part(pdf: pikepdf.Pdf, numbers: pikepdf.Pdf, first_page: int, first_key: int) -> int:
    """Number its pages, move its keys behind those before, hang its contents into the front; returns the next key."""
    for n, page in enumerate(pdf.pages):
        _number_page(pdf, page, numbers.pages[first_page + n])
        page.StructParents = int(page.StructParents) + first_key
        for link in page.get("/Annots", Array()):
            link.StructParent = int(link.StructParent) + first_key
    tree, contents = pdf.Root.StructTreeRoot, document_of(pdf)
    leaf, next_key = _moved_parents(tree.ParentTree.Nums, first_key)
    tree.ParentTree = pdf.make_indirect(leaf)
    for table in (child for child in kids_of(contents) if Name.Table == child.S):
        _strip_ids(table)
    contents.S = Name.Sect
    contents.P = _placeholder(pdf, "document")
    return next_key


def _name_targets(pdf: pikepdf.Pdf, index: int, first_page: int) -> _Numbers:
    """Objects of a part that the front points to, by their number in the part."""
    named = {
        f"pages-{index}": pdf.Root.Pages,
        f"part-{index}": document_of(pdf),
        f"parents-{index}": pdf.Root.StructTreeRoot.ParentTree,
    }
    named |= {f"page-{first_page + n}": page.obj for n, page in enumerate(pdf.pages)}
    return {name: _number(item) for name, item in named.items()}


def _add_outline(pdf: pikepdf.Pdf, annex: Annex, pages: Sequence[pikepdf.Object]) -> None:
    """The annex's sections after those of the front, and what they have below the last entry."""
    with pdf.open_outline() as outline:
        for mark in annex.marks:
            destination = Array([pages[mark.page], Name.FitH, 842])
            entries = outline.root[-1].children if mark.depth else outline.root
            entries.append(OutlineItem(mark.title, destination))


def _number_page(pdf: pikepdf.Pdf, page: pikepdf.Page, number: pikepdf.Page) -> None:
    """Lay the number over the page as an artifact, which readers aloud skip."""
    name = page.add_resource(pdf.copy_foreign(number.as_form_xobject()), Name.XObject)
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(f"\nQ /Artifact BMC {name} Do EMC".encode())


def _strip_ids(table: pikepdf.Object) -> None:
    """Ids of head cells repeat from part to part; their scope says the same, so ids and references to them go."""
    for part in kids_of(table):
        for cell in (cell for row in kids_of(part) for cell in kids_of(row)):
            if "/ID" in cell:
                del cell.ID
            if "/A" in cell:
                _strip_headers(cell)


def _strip_headers(cell: pikepdf.Object) -> None:
    """Keep what a cell tells of its table, without the ids of its heads."""
    attributes = cell.A if isinstance(cell.A, Array) else Array([cell.A])
    kept = []
    for each in attributes:
        if each.get("/O") == Name.Table and set(each.keys()) > {"/O", "/Headers"}:
            if "/Headers" in each:
                del each.Headers
            kept.append(each)
    if kept:
        cell.A = Array(kept)
    else:
        del cell.A


def _moved_parents(numbers: pikepdf.Object, first_key: int) -> tuple[Dictionary, int]:
    """A leaf of the parent tree with all keys moved up, and the key after its last."""
    keys = [int(numbers[n]) + first_key for n in range(0, len(numbers), 2)]
    moved = Array([item for n, key in enumerate(keys) for item in (key, numbers[2 * n + 1])])
    return Dictionary(Nums=moved, Limits=Array([keys[0], keys[-1]])), keys[-1] + 1


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
