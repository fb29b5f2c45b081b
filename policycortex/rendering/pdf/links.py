"""Links between the parts of a report: addresses ``report:<name>`` become links to the named destinations of the file.

An address with ``at`` also makes its own place a destination; ``say`` is what is read aloud.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from policycortex.rendering.pdf.annex_items import LINK_SCHEME


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTarget:
    """Where a name leads: ``page`` counts from 0 in the part, lengths are in points from the lower left."""

    page: int
    left: float
    top: float


def resolve_links(pdf: pikepdf.Pdf) -> dict[str, LinkTarget]:
    """Rewrite the links of one part, and return the places in it that links of any part may name."""
    numbers: dict[Any, int] = {page.objgen: number for number, page in enumerate(pdf.pages)}
    places = {}
    for name, target in _named(pdf):
        places[name] = LinkTarget(page=numbers[_page_key(target)], left=float(target[2]), top=float(target[3]))
    for number, page in enumerate(pdf.pages):
        for link in page.get("/Annots", Array()):
            at = _resolve(link)
            if at:
                left, _, _, top = (float(edge) for edge in link.Rect)
                places[at] = LinkTarget(page=number, left=left, top=max(top, float(link.Rect[1])))
    return places


def target_of(place: LinkTarget, page: pikepdf.Object) -> pikepdf.Object:
    """The destination, with the object that stands for its page."""
    return Array([page, Name.XYZ, place.left, place.top, 0])


def hold_names(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """The dictionary of named destinations of ``pdf``, an object of its own, made where there is none."""
    if "/Names" not in pdf.Root:
        pdf.Root.Names = Dictionary()
    own = Array([part for pair in _named(pdf) for part in pair])
    pdf.Root.Names.Dests = pdf.make_indirect(Dictionary(Names=own))
    holder: pikepdf.Object = pdf.Root.Names.Dests
    return holder


def fill_names(holder: pikepdf.Object, targets: Mapping[str, pikepdf.Object]) -> None:
    """Add destinations by name; makes no object of its own."""
    names = list(holder.Names)
    found = dict(zip(map(str, names[::2]), names[1::2], strict=True)) | dict(targets)
    ordered = sorted(found.items(), key=lambda pair: pair[0].encode())
    holder.Names = Array([part for name, target in ordered for part in (String(name), target)])


def _named(pdf: pikepdf.Pdf) -> Iterator[tuple[str, pikepdf.Object]]:
    names = pdf.Root.get("/Names", Dictionary()).get("/Dests", Dictionary()).get("/Names", Array())
    for number in range(0, len(names), 2):
        yield str(names[number]), names[number + 1]


def _page_key(target: pikepdf.Object) -> tuple[int, int]:
    key: tuple[int, int] = target[0].objgen
    return key


def _resolve(link: pikepdf.Object) -> str:
    """Point the link to its destination; returns the name of its own place, "" where it has none."""
    address = str(link.A.URI) if "/A" in link and "/URI" in link.A else ""
    if not address.startswith(LINK_SCHEME):
        return ""
    parts = urlsplit(address)
    values = parse_qs(parts.query)
    del link.A
    link.Dest = String(parts.path)
    link.Contents = String(values.get("say", [parts.path])[0])
    return values.get("at", [""])[0]
