"""How a report wears its sender's look: company, colours, logo. Checked here, so that renderings may trust it.

A logo comes as bytes in the order itself; nothing is ever read from a file or fetched from an address for it.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from xml.etree import ElementTree as ET

PRIMARY: Final = "#10273a"
ACCENT: Final = "#14526b"
"""The default colours: the cover's field; lines, gauge and numbers."""
LOGO_BYTES: Final = 256 * 1024
LOGO_SIDE: Final = 4000
"""Pixels of a picture's longer side; a picture of a few bytes may else unfold to gigabytes."""
ACCENT_CONTRAST: Final = 4.5
"""Against white: the accent colours small text too (WCAG 1.4.3)."""

EMBEDDED_FONT: Final = "inter"
BRANDING_TEXTS: Final = ("prepared_for", "prepared_by", "classification", "font")
"""Fields with words that a request may give."""

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_DATA: Final = re.compile(r"data:(image/png|image/jpeg|image/svg\+xml);base64,([A-Za-z0-9+/=\s]+)", re.ASCII)
_PICTURES: Final = {"image/png": "PNG", "image/jpeg": "JPEG"}
_SVG: Final = "{http://www.w3.org/2000/svg}"
_SVG_SHAPES: Final = frozenset(
    {
        "svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline",
        "polygon", "linearGradient", "radialGradient", "stop", "clipPath", "mask",
    }
)  # fmt: skip
"""Elements a logo is made of. Text is not among them: its fonts would be the reader's."""
_ELEMENTS_MOST: Final = 5000
_NESTED_MOST: Final = 32


class BrandingError(ValueError):
    """A colour or logo that no report can wear; says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """One picture, proven to be what it says."""

    media_type: str
    """``image/png``, ``image/jpeg`` or ``image/svg+xml``."""
    content: bytes

    @property
    def data_uri(self) -> str:
        """The picture as an address that holds it."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branding:
    """The sender's colours and logo; the defaults are the product's."""

    company: str = ""
    """Stands on the cover and in the footer; empty for none."""
    primary: str = PRIMARY
    accent: str = ACCENT
    logo: Logo | None = None
    prepared_for: str = ""
    """Whom the report is for; empty: the organisation."""
    prepared_by: str = ""
    """Who made the report; empty: the company."""
    font: str = ""
    """``inter``: HTML reports carry the font; empty: they use the reader's fonts. PDFs always carry theirs."""
    classification: str = ""
    """Who may read it, such as ``Confidential``; on the cover and on every page. Empty for none."""

    @property
    def has_own_colours(self) -> bool:
        """Whether any colour differs from the product's."""
        return (self.primary, self.accent) != (PRIMARY, ACCENT)

    @property
    def on_primary(self) -> str:
        """Black or white, whichever reads better on the primary colour."""
        return "#ffffff" if contrast(self.primary, "#ffffff") >= contrast(self.primary, "#12263a") else "#12263a"

    @property
    def soft_on_primary(self) -> str:
        """For secondary text on the primary colour: a mix of a quarter of it and three quarters of ``on_primary``."""
        pairs = [(int(self.primary[n : n + 2], 16), int(self.on_primary[n : n + 2], 16)) for n in (1, 3, 5)]
        return "#" + "".join(f"{round(0.25 * field + 0.75 * text):02x}" for field, text in pairs)


def branding_to_json(branding: Branding) -> dict[str, Any]:
    """The body's own form; ``branding_from_json`` takes it back."""
    logo = branding.logo.data_uri if branding.logo else None
    colours = {"primary": branding.primary, "accent": branding.accent}
    # absent unless set: digests of requests made before these fields stay equal
    texts = {name: text for name in BRANDING_TEXTS if (text := getattr(branding, name))}
    return {"company": branding.company, "colours": colours, "logo": logo, **texts}


def branding_from_json(stored: Mapping[str, Any]) -> Branding:
    """The value of a checked body, or of what ``branding_to_json`` wrote. Raises BrandingError."""
    colours, logo = stored.get("colours") or {}, stored.get("logo")
    return Branding(
        company=stored.get("company") or "",
        primary=colours.get("primary") or PRIMARY,
        accent=colours.get("accent") or ACCENT,
        logo=read_logo(logo) if logo else None,
        **{name: stored.get(name) or "" for name in BRANDING_TEXTS},
    )


def check_colour(text: str) -> str:
    """``#rrggbb`` in lower case. Raises BrandingError."""
    if not _COLOUR.fullmatch(text):
        raise BrandingError("Must be a colour such as #14526b: a hash and six hexadecimal digits")
    return text.lower()


def check_accent(text: str) -> str:
    """A colour that reads on white. Raises BrandingError with the contrast it has."""
    colour = check_colour(text)
    reached = contrast(colour, "#ffffff")
    if reached < ACCENT_CONTRAST:
        raise BrandingError(
            f"{colour} is too light to be read on white: its contrast is {reached:.1f}, at least {ACCENT_CONTRAST} is "
            "needed; choose a darker colour"
        )
    return colour


def contrast(one: str, other: str) -> float:
    """Contrast of two ``#rrggbb`` colours, 1 to 21, as WCAG 2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def read_logo(address: str) -> Logo:
    """The picture in a ``data:`` address. Raises BrandingError."""
    match = _DATA.fullmatch(address)
    if match is None:
        raise BrandingError(
            "Must be the picture itself as a data: address, data:image/png;base64,... (or image/jpeg, image/svg+xml); "
            "files and other addresses are not read"
        )
    media_type = match[1]
    try:
        content = base64.b64decode("".join(match[2].split()), validate=True)
    except binascii.Error:
        raise BrandingError("Is not valid base64") from None
    if len(content) > LOGO_BYTES:
        raise BrandingError(f"Has {len(content):,} bytes; a logo may have {LOGO_BYTES:,}")
    if media_type in _PICTURES:
        _check_picture(content, _PICTURES[media_type])
    else:
        _check_drawing(content)
    return Logo(media_type=media_type, content=content)


def _check_picture(content: bytes, form: str) -> None:
    # 6 MB that only orders with a picture need
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    try:
        with Image.open(BytesIO(content), formats=[form]) as picture:
            width, height = picture.size
            if max(width, height) > LOGO_SIDE:
                raise BrandingError(f"Is {width} x {height} pixels; a logo may have {LOGO_SIDE} on a side")
            picture.verify()  # checksums, which loading passes over
        with Image.open(BytesIO(content), formats=[form]) as picture:
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise BrandingError(f"Is not a whole {form} picture ({error})") from None


def _check_drawing(content: bytes) -> None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BrandingError("An SVG logo must be plain UTF-8 without DOCTYPE and entities")
    try:
        root = ET.fromstring(content.decode())  # noqa: S314 - no document type, so no entities to expand
    except (ET.ParseError, UnicodeDecodeError) as error:
        raise BrandingError(f"Is not an SVG drawing ({error})") from None
    if root.tag != f"{_SVG}svg":
        raise BrandingError("Is not an SVG drawing: its root must be svg in the SVG namespace")
    if sum(1 for _ in root.iter()) > _ELEMENTS_MOST:
        raise BrandingError(f"Has more than {_ELEMENTS_MOST} elements; simplify the drawing")
    _check_element(root, 0)


def _check_element(element: ET.Element, depth: int) -> None:
    name = element.tag.removeprefix(_SVG)
    if name not in _SVG_SHAPES:
        raise BrandingError(f"Has an element {name.split('}')[-1]!r}; a logo is made of shapes only, text as paths")
    if depth > _NESTED_MOST:
        raise BrandingError(f"Is nested more than {_NESTED_MOST} deep; simplify the drawing")
    for key, value in element.attrib.items():
        _check_attribute(key.split("}")[-1].lower(), value)
    for child in element:
        _check_element(child, depth + 1)


def _check_attribute(key: str, value: str) -> None:
    plain = "".join(value.split()).lower()
    if key == "href" and not plain.startswith("#"):
        raise BrandingError("Refers to something outside itself; a logo may only use its own parts")
    if key.startswith("on") or "\\" in value or "@" in value or plain.count("url(") != plain.count("url(#"):
        raise BrandingError(f"Has an attribute {key!r} that may run or fetch something; a logo is made of shapes only")


def _luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
