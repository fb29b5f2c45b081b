"""Pieces of WordprocessingML as text. Every text from outside is escaped here, and nothing else writes text."""

import re
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WEB_ADDRESS: Final = re.compile(r"https?://[^\s\"\\<>]{1,2000}")
_NAME_CHARACTER: Final = re.compile(r"\W", re.ASCII)
_LONGEST_NAME: Final = 40
"""Word's limit for the name of a bookmark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a run looks; "" is the look of its paragraph."""

    is_bold: bool = False
    is_italic: bool = False
    is_small: bool = False
    style: str = ""
    """Id of a character style."""
    colour: str = ""
    """Six hex digits."""
    fill: str = ""

    def properties(self) -> str:
        """``w:rPr``, its members in the order of the schema."""
        parts = [
            f'<w:rStyle w:val="{self.style}"/>' if self.style else "",
            "<w:b/>" if self.is_bold else "",
            "<w:i/>" if self.is_italic else "",
            f'<w:color w:val="{self.colour}"/>' if self.colour else "",
            '<w:sz w:val="17"/>' if self.is_small else "",
            f'<w:shd w:val="clear" w:color="auto" w:fill="{self.fill}"/>' if self.fill else "",
        ]
        inner = "".join(parts)
        return f"<w:rPr>{inner}</w:rPr>" if inner else ""


PLAIN: Final = Look()
LINK: Final = Look(style="Hyperlink")


def run(text: str, look: Look = PLAIN) -> str:
    """Text without line ends."""
    return f'<w:r>{look.properties()}<w:t xml:space="preserve">{xml_text(text)}</w:t></w:r>'


def line_break() -> str:
    """A new line in the same paragraph."""
    return "<w:r><w:br/></w:r>"


def field(instruction: str, shown: str, look: Look = PLAIN, *, is_dirty: bool = False) -> str:
    """A field that Word computes, with what is shown until then."""
    dirty = ' w:dirty="true"' if is_dirty else ""
    properties = look.properties()
    return (
        f'<w:r>{properties}<w:fldChar w:fldCharType="begin"{dirty}/></w:r>'
        f'<w:r>{properties}<w:instrText xml:space="preserve"> {xml_text(instruction)} </w:instrText></w:r>'
        f'<w:r>{properties}<w:fldChar w:fldCharType="separate"/></w:r>{run(shown, look)}'
        f'<w:r>{properties}<w:fldChar w:fldCharType="end"/></w:r>'
    )


def internal_link(anchor: str, runs: str) -> str:
    """Runs that lead to a bookmark of the document."""
    return f'<w:hyperlink w:anchor="{bookmark_name(anchor)}" w:history="1">{runs}</w:hyperlink>'


def web_link(address: str, text: str) -> str | None:
    """A link to a web page; None for any other address."""
    if _WEB_ADDRESS.fullmatch(address) is None:
        return None
    return field(f'HYPERLINK "{address}"', text, LINK)


def bookmark(anchor: str, number: int) -> str:
    """An empty place that links lead to; ``number`` is unique in the document."""
    return f'<w:bookmarkStart w:id="{number}" w:name="{bookmark_name(anchor)}"/><w:bookmarkEnd w:id="{number}"/>'


def bookmark_name(anchor: str) -> str:
    """``F_001`` of the anchor ``F-001``."""
    return _NAME_CHARACTER.sub("_", anchor)[:_LONGEST_NAME]


def paragraph(style: str, content: str, *, extra: str = "") -> str:
    """``extra`` are further members of ``w:pPr``."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{extra}</w:pPr>{content}</w:p>'


def xml_text(text: str) -> str:
    """Escaped, also for attributes; characters that XML does not have are left out."""
    return escape(_NOT_XML.sub("", text), {'"': "&quot;"})
