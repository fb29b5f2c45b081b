"""Charts and logos as PNG pictures: SVG is drawn with the report's own fonts, the same on every machine."""

from functools import cache
from pathlib import Path
from typing import Final

import typst
from lxml import etree
from lxml.html import HtmlElement

from policycortex.documents.template_files import templates_folder
from policycortex.errors import RenderingError

_POINTS_PER_INCH: Final = 220
_PAGE: Final = '#set page(width: {width}pt, height: auto, margin: 0pt, fill: none)\n#image("{name}", width: 100%)\n'
_WIDTH: Final = 480
"""Points of a drawing's width; pictures are scaled in the document."""


def draw_svg(svg: bytes, folder: Path) -> bytes:
    """The drawing as PNG; ``folder`` takes files on the way. Raises RenderingError."""
    name = "drawing.svg"
    (folder / name).write_bytes(svg)
    source = folder / "drawing.typ"
    source.write_text(_PAGE.format(width=_WIDTH, name=name), encoding="utf-8")
    try:
        made = typst.Compiler(source, root=folder, font_paths=_fonts()).compile(format="png", ppi=_POINTS_PER_INCH)
    except typst.TypstError as error:
        raise RenderingError(f"a chart could not be drawn: {error.message}") from error
    if not isinstance(made, bytes):
        raise RenderingError("a chart could not be drawn: it has more than one page")
    return made


def svg_of(element: HtmlElement) -> bytes:
    """The element as an SVG file; the parser of HTML has made some names lower case that SVG writes otherwise."""
    text: str = etree.tostring(element, encoding="unicode", with_tail=False)
    for name in ("viewBox", "preserveAspectRatio", "linearGradient", "clipPath"):
        text = text.replace(f"<{name.lower()}", f"<{name}").replace(f"</{name.lower()}", f"</{name}")
        text = text.replace(f" {name.lower()}=", f" {name}=")
    if "xmlns=" not in text.partition(">")[0]:
        text = text.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return text.encode()


def ratio_of(element: HtmlElement) -> float:
    """Height by width of a drawing, from its view box; a flat one where it has none."""
    box = (element.get("viewbox") or element.get("viewBox") or "").replace(",", " ").split()
    try:
        width, height = float(box[2]), float(box[3])
    except (IndexError, ValueError):
        return 0.1
    return height / width if width > 0 else 0.1


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[templates_folder() / "fonts"]
    )
