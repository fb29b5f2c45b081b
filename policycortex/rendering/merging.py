"""One PDF of designed pages and annex: pages, structure tree, outline and page numbers joined so that no seam shows.

Structure is joined on purpose: merging pages alone would leave a file that says it is tagged while its tags cover
only the first part.
"""

from pathlib import Path

import pikepdf
from pikepdf import Dictionary, Name, OutlineItem

from policycortex.rendering.annex import Annex, table_of


def merge_annex(front: Path, annex: Annex, footers: Path, target: Path) -> None:
    """Write ``front`` followed by ``annex`` to ``target``, each page with its number from ``footers``."""
    with pikepdf.open(front) as pdf, pikepdf.open(footers) as numbers:
        first = len(pdf.pages)
        for part in annex.parts:
            with pikepdf.open(part) as source:
                _append_part(pdf, source)
        _add_outline(pdf, annex, first)
        for page, number in zip(pdf.pages, numbers.pages, strict=True):
            _number_page(pdf, page, number)
        pdf.remove_unreferenced_resources()
        pdf.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)


def _append_part(pdf: pikepdf.Pdf, source: pikepdf.Pdf) -> None:
    """Pages first: structure elements copied afterwards then find their pages already there."""
    tree, added = pdf.Root.StructTreeRoot, source.Root.StructTreeRoot
    offset = 1 + max(key for key, _ in _parents(tree))
    table = table_of(source)
    for cell in table.K[0].K[0].K:
        # Ids of head cells repeat from part to part and must be unique in one file; nothing refers to them.
        if "/ID" in cell:
            del cell.ID
    del table.P
    start = len(pdf.pages)
    pdf.pages.extend(source.pages)
    copied = pdf.copy_foreign(table)
    parent = tree.K if isinstance(tree.K, Dictionary) else tree.K[0]
    copied.P = parent
    parent.K.append(copied)
    for key, elements in _parents(added):
        tree.ParentTree.Nums.extend([key + offset, pdf.copy_foreign(elements)])
    for page in pdf.pages[start:]:
        page.StructParents = int(page.StructParents) + offset
    tree.ParentTreeNextKey = 1 + max(key for key, _ in _parents(tree))


def _parents(tree: pikepdf.Object) -> list[tuple[int, pikepdf.Object]]:
    numbers = tree.ParentTree.Nums
    return [(int(numbers[n]), numbers[n + 1]) for n in range(0, len(numbers), 2)]


def _add_outline(pdf: pikepdf.Pdf, annex: Annex, first: int) -> None:
    """The annex's groups under the last entry, which is the findings."""
    with pdf.open_outline() as outline:
        for mark in annex.marks:
            outline.root[-1].children.append(OutlineItem(mark.title, first + mark.page, "FitH", top=842))


def _number_page(pdf: pikepdf.Pdf, page: pikepdf.Page, number: pikepdf.Page) -> None:
    """Lay the number over the page as an artifact, which readers aloud skip."""
    name = page.add_resource(pdf.copy_foreign(number.as_form_xobject()), Name.XObject)
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(f"\nQ /Artifact BMC {name} Do EMC".encode())
