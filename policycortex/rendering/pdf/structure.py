"""Structure elements of one part of the annex: which belongs to which item, and how a page is taken out of a part."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name

_PARTS_OF_TABLES: Final = (Name.THead, Name.TBody, Name.TFoot)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemElement:
    """The structure element of one item, below the elements that hold it and nothing else."""

    element: pikepdf.Object
    holders: tuple[pikepdf.Object, ...]
    """From the document down; the element is a kid of the last."""


def document_of(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """The element that holds all others."""
    root = pdf.Root.StructTreeRoot.K
    return root[0] if isinstance(root, Array) else root


def item_elements(pdf: pikepdf.Pdf) -> list[ItemElement]:
    """The elements of a part's items, in order: rows but for the head of each table, headings and sentences."""
    document = document_of(pdf)
    found: list[ItemElement] = []
    for child in kids_of(document):
        if Name.Table != child.S:
            found.append(ItemElement(element=child, holders=(document,)))
            continue
        rows = [
            ItemElement(element=row, holders=(document, child, part))
            for part in kids_of(child)
            if part.S in _PARTS_OF_TABLES
            for row in kids_of(part)
        ]
        found += rows[1:]
    return found


def page_of(pdf: pikepdf.Pdf, item: ItemElement) -> int:
    """The page of an item, from 0. Items never break across pages, so it is that of their first content."""
    wanted = next(_pages_in(item.element)).objgen
    return next(number for number, page in enumerate(pdf.pages) if page.objgen == wanted)


def take_out_last_page(pdf: pikepdf.Pdf) -> int:
    """Take the last page and its items out of ``pdf``; returns how many items that were. One page alone is kept."""
    if len(pdf.pages) == 1:
        return 0
    last, count = pdf.pages[-1], 0
    for item in reversed(item_elements(pdf)):
        if next(_pages_in(item.element)).objgen != last.objgen:
            break
        _remove(item)
        count += 1
    _forget(pdf, last)
    del pdf.pages[-1]
    return count


def kids_of(element: pikepdf.Object) -> list[pikepdf.Object]:
    """The structure elements below ``element``, in order."""
    kids = element.get("/K", Array())
    return [kid for kid in (kids if isinstance(kids, Array) else [kids]) if isinstance(kid, Dictionary) and "/S" in kid]


def _pages_in(element: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Pages that the contents of ``element`` stand on, in order."""
    if "/Pg" in element:
        yield element.Pg
    kids = element.get("/K", Array())
    for kid in kids if isinstance(kids, Array) else [kids]:
        if isinstance(kid, Dictionary):
            yield from _pages_in(kid)


def _remove(item: ItemElement) -> None:
    """With the holders that then hold no item: a table's own head belongs to its rows."""
    element = item.element
    for holder in reversed(item.holders):
        _drop(holder, element)
        rest = kids_of(holder)
        if rest and not (Name.Table == holder.S and _rows_of(holder) == 1):
            return
        element = holder


def _rows_of(table: pikepdf.Object) -> int:
    return sum(len(kids_of(part)) for part in kids_of(table))


def _drop(holder: pikepdf.Object, element: pikepdf.Object) -> None:
    kids = holder.K if isinstance(holder.K, Array) else Array([holder.K])
    holder.K = Array([kid for kid in kids if not (isinstance(kid, Dictionary) and kid.objgen == element.objgen)])


def _forget(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Remove what leads to ``page`` from the parent tree and the named destinations."""
    keys = {int(page.StructParents)} if "/StructParents" in page else set()
    keys |= {int(each.StructParent) for each in page.get("/Annots", Array()) if "/StructParent" in each}
    parents = pdf.Root.StructTreeRoot.ParentTree
    numbers = list(parents.Nums)
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    parents.Nums = Array([part for key, element in pairs if int(key) not in keys for part in (key, element)])
    if "/Names" in pdf.Root and "/Dests" in pdf.Root.Names:
        names = list(pdf.Root.Names.Dests.Names)
        kept = [
            (name, place) for name, place in zip(names[::2], names[1::2], strict=True) if place[0].objgen != page.objgen
        ]
        pdf.Root.Names.Dests.Names = Array([part for pair in kept for part in pair])
