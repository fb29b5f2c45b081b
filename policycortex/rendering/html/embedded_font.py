"""Inter as CSS with the font inside, for HTML reports that shall look the same on every machine.

Without it the page uses the reader's own fonts. Latin, Greek and Cyrillic are embedded; other scripts have those fonts
in either case.
"""

import base64
from functools import cache
from io import BytesIO
from typing import Final

from policycortex.documents.template_files import templates_folder

_WEIGHTS: Final = {400: "Inter-Regular.ttf", 600: "Inter-SemiBold.ttf"}
_KEPT: Final = (
    *range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x370, 0x500), *range(0x2010, 0x2030), 0x2039, 0x203A, 0x20AC,
    0x2122, *range(0x2190, 0x219A), 0x2195, 0x2212, 0x2260, 0x2264, 0x2265, 0x25C6, 0x25CB, 0x25CF, 0x2713, 0x2717,
)  # fmt: skip
"""Characters of the embedded font; the page's own signs are among them."""


@cache
def embedded_font() -> str:
    """The ``@font-face`` rules; made once per process, which takes about a second."""
    faces = (
        f"@font-face {{ font-family: Inter; font-weight: {weight}; "
        f"src: url(data:font/woff2;base64,{base64.b64encode(_smaller(name)).decode()}) format('woff2'); }}\n"
        for weight, name in _WEIGHTS.items()
    )
    return "".join(faces)


def _smaller(name: str) -> bytes:
    """The font with the kept characters only, as WOFF2."""
    # a tenth of a second to import, for the few reports that embed a font
    from fontTools.subset import Options, Subsetter  # noqa: PLC0415
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    options = Options()
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "calt", "tnum"]
    with TTFont(templates_folder() / "fonts" / name, recalcTimestamp=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=_KEPT)
        subsetter.subset(font)
        font.flavor = "woff2"
        written = BytesIO()
        font.save(written)
    return written.getvalue()
