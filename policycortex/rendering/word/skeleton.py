"""The document without its content: page, styles, header and footer, properties, and the watermark."""

from collections.abc import Mapping
from typing import Any, Final

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.rendering.tints import INK
from policycortex.rendering.visible_text import show_controls
from policycortex.rendering.word.markup import field, run, xml_text
from policycortex.shortening import shorten

_FONT: Final = "Calibri"
_CODE_FONT: Final = "Consolas"
_GREY: Final = "#566779"
_MARGIN: Final = Mm(20)
_PARAGRAPH_STYLES: Final[Mapping[str, tuple[str, float, str, float]]] = {
    "Verdict": ("Normal", 14, INK, 6),
    "Lead": ("Normal", 10.5, _GREY, 6),
    "Note": ("Normal", 9, _GREY, 4),
    "Picture": ("Normal", 10, INK, 6),
    "CodeBlock": ("Normal", 8.5, INK, 5),
    "Spacer": ("Normal", 4, INK, 2),
    "ListNumbered": ("Normal", 10, INK, 3),
    "TableText": ("Normal", 8.5, INK, 0),
    "TableLabel": ("TableText", 8.5, _GREY, 0),
    "TableNote": ("TableText", 8, _GREY, 0),
    "TableHead": ("TableText", 7.5, "#FFFFFF", 0),
    "TableGroup": ("TableText", 9, INK, 0),
    "ContentsTitle": ("Normal", 16, INK, 8),
    "toc 1": ("Normal", 10.5, INK, 2),
    "toc 2": ("Normal", 10, _GREY, 1),
}
"""Base, size in points, colour, and points below the paragraph."""
_BOLD: Final = frozenset(("TableHead", "TableGroup", "ContentsTitle"))
_HEADINGS: Final = {"Title": 26.0, "Subtitle": 13.0, "Heading 1": 18.0, "Heading 2": 13.0, "Heading 3": 10.5}
_REGIONS: Final = {"en": "en-GB", "de": "de-DE"}
_LONGEST: Final = 250
"""python-docx refuses longer properties."""


def open_skeleton(document: ReportDocument, locale: Locale, watermark: str | None) -> Document:
    """An empty document that ``fill`` writes into."""
    made = docx.Document()
    _set_page(made)
    _set_styles(made, _REGIONS.get(locale.language, locale.language))
    _set_properties(made, document, locale)
    _set_header(made, document, watermark)
    _set_footer(made, document, locale)
    return made


def _set_page(made: Document) -> None:
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = _MARGIN
    section.top_margin = section.bottom_margin = Mm(22)
    section.header_distance = section.footer_distance = Mm(10)
    section.different_first_page_header_footer = False


def _set_styles(made: Document, language: str) -> None:
    normal = made.styles["Normal"]
    _set_font(normal, _FONT, 10, INK)
    normal.paragraph_format.space_after = Pt(5)
    _set_language(made, language)
    for name, (base, size, colour, below) in _PARAGRAPH_STYLES.items():
        style = made.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = made.styles[base]
        _set_font(style, _FONT, size, colour)
        style.font.bold = name in _BOLD
        style.paragraph_format.space_after = Pt(below)
        style.paragraph_format.space_before = Pt(0)
    made.styles["ListNumbered"].paragraph_format.left_indent = Mm(6)
    made.styles["ListNumbered"].paragraph_format.first_line_indent = -Mm(6)
    made.styles["CodeBlock"].paragraph_format.left_indent = Mm(6)
    made.styles["toc 2"].paragraph_format.left_indent = Mm(6)
    made.styles["Lead"].paragraph_format.keep_with_next = True
    made.styles["Picture"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT
    for name, size in _HEADINGS.items():
        style = made.styles[name]
        _set_font(style, _FONT, size, INK)
        style.font.bold, style.font.italic = name != "Subtitle", False
        style.paragraph_format.keep_with_next = True
        style.paragraph_format.space_before = Pt(16 if name == "Heading 1" else 10)
        style.paragraph_format.space_after = Pt(5)
    code = made.styles.add_style("Code", WD_STYLE_TYPE.CHARACTER)
    code.font.name, code.font.size = _CODE_FONT, Pt(8)
    link = made.styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER)
    link.font.color.rgb, link.font.underline = RGBColor.from_string("14526B"), True
    _set_font(made.styles["List Bullet"], _FONT, 10, INK)


def _set_font(style: Any, name: str, size: float, colour: str) -> None:  # noqa: ANN401 - python-docx's style classes
    """The fonts of a theme would win over named ones, so they go."""
    style.font.name, style.font.size = name, Pt(size)
    style.font.color.rgb = RGBColor.from_string(colour[1:])
    fonts = style.element.rPr.rFonts
    for attribute in [key for key in fonts.attrib if key.endswith("Theme")]:
        del fonts.attrib[attribute]
    for part in ("w:eastAsia", "w:cs"):
        fonts.set(qn(part), name)
    borders = style.element.find(f"{qn('w:pPr')}/{qn('w:pBdr')}")
    if borders is not None:
        borders.getparent().remove(borders)


def _set_language(made: Document, language: str) -> None:
    for element in made.styles.element.iter(qn("w:lang")):
        element.set(qn("w:val"), language)


def _set_properties(made: Document, document: ReportDocument, locale: Locale) -> None:
    header, properties = document.header, made.core_properties
    at = header.generated_at.replace(tzinfo=None)
    properties.title = _short(header.name)
    properties.author = properties.last_modified_by = _short(header.author)
    properties.subject = _short(f"{locale.text(f'type.{header.type}')} – {header.framework_name}")
    properties.comments, properties.keywords = _short(header.description), header.id
    properties.identifier, properties.language = header.id, locale.language
    properties.category = _short(header.branding.classification)
    properties.created = properties.modified = at
    properties.revision = 1


def _short(text: str) -> str:
    return shorten(show_controls(text), _LONGEST)


def _set_header(made: Document, document: ReportDocument, watermark: str | None) -> None:
    line = made.sections[0].header.paragraphs[0]
    line.style = made.styles["Note"]
    _append(line, run(_short(document.header.name)))
    if watermark is not None:
        line._p.append(parse_xml(_watermark(show_controls(watermark))))  # noqa: SLF001 - python-docx has no watermark


def _set_footer(made: Document, document: ReportDocument, locale: Locale) -> None:
    line = made.sections[0].footer.paragraphs[0]
    line.style = made.styles["Note"]
    line.paragraph_format.tab_stops.clear_all()
    line.paragraph_format.tab_stops.add_tab_stop(Mm(170), alignment=2)
    before, between = locale.text("page.count", page="\0", pages="\0").split("\0")[:2]
    header = document.header
    words = (header.branding.classification, header.branding.company)
    _append(line, run(_short(" · ".join(word for word in words if word))) + "<w:r><w:tab/></w:r>")
    _append(line, run(f"{locale.text('page.page')} {before}") + field("PAGE", "1") + run(between))
    _append(line, field("NUMPAGES", "1"))


def _append(line: Any, runs: str) -> None:  # noqa: ANN401 - a paragraph of python-docx
    for element in parse_xml(f"<w:p {nsdecls('w')}>{runs}</w:p>"):
        line._p.append(element)  # noqa: SLF001


def _watermark(text: str) -> str:
    """WordArt across the page, behind its text, as Word itself writes it."""
    return (
        f'<w:r {nsdecls("w")} xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:o="urn:schemas-microsoft-com:office:office">'
        '<w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
        'path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>'
        '<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>'
        '<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>'
        '<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/></v:shapetype>'
        '<v:shape id="Watermark" o:spid="_x0000_s2049" type="#_x0000_t136" stroked="f" fillcolor="#e1e6ec" '
        'style="position:absolute;margin-left:0;margin-top:0;width:460pt;height:70pt;rotation:315;z-index:-251658752;'
        "mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        'mso-position-vertical:center;mso-position-vertical-relative:margin"><v:fill opacity=".5"/>'
        f'<v:textpath style="font-family:&quot;{_FONT}&quot;;font-size:1pt" string="{xml_text(text)}"/></v:shape>'
        "</w:pict></w:r>"
    )
