"""What a report may wear as its sender's look: nothing that runs, fetches, hides or cannot be read."""

from base64 import b64encode
from io import BytesIO

import pytest
from PIL import Image

from policycortex.documents.branding import (
    Branding,
    BrandingError,
    branding_from_json,
    branding_to_json,
    check_accent,
    contrast,
    read_logo,
)


def _svg(body: str, root: str = "") -> str:
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {root}>{body}</svg>'
    return "data:image/svg+xml;base64," + b64encode(drawing.encode()).decode()


def _picture(size: tuple[int, int], form: str = "PNG", cut: int = 0) -> str:
    buffer = BytesIO()
    Image.new("RGB", size, "#14526b").save(buffer, form)
    content = buffer.getvalue()
    return f"data:image/{form.lower()};base64," + b64encode(content[: len(content) - cut]).decode()


def test_the_stored_form_of_older_requests_is_the_same() -> None:
    """Digests of requests are over this form, so words that a request does not give are absent from it."""
    colours = {"primary": "#10273a", "accent": "#14526b"}
    assert branding_to_json(Branding(company="Acme")) == {"company": "Acme", "colours": colours, "logo": None}
    full = Branding(prepared_for="Board", prepared_by="Ada", classification="Secret")
    assert branding_from_json(branding_to_json(full)) == full


def test_whole_pictures_and_plain_drawings_are_used() -> None:
    """A PNG, a JPEG, and an SVG of shapes with a gradient of its own."""
    gradient = '<defs><linearGradient id="a"/></defs><path fill="url(#a)" d="M0 0h9v9z"/>'
    for address in (_picture((40, 20)), _picture((40, 20), "JPEG"), _svg(gradient)):
        assert read_logo(address).data_uri == address


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (_picture((40, 20), cut=45), "not a whole PNG"),
        (_picture((4001, 1)), "4001 x 1 pixels"),
        (_picture((9, 9)).replace("png", "jpeg"), "not a whole JPEG"),
        (_svg("<script>alert(1)</script>"), "'script'"),
        (_svg('<image href="file:///etc/passwd"/>'), "'image'"),
        (_svg("<foreignObject><b/></foreignObject>"), "'foreignObject'"),
        (_svg("<style>@import url(//x)</style>"), "'style'"),
        (_svg('<path onclick="x()"/>'), "'onclick'"),
        (_svg('<path fill="url(http://127.0.0.1/x)"/>'), "may run or fetch"),
        (_svg('<path style="fill: u\\72l(x)"/>'), "may run or fetch"),
        (_svg('<g xlink:href="http://127.0.0.1/x"/>'), "outside itself"),
        (_svg("<g>" * 40 + "</g>" * 40), "nested"),
        ("data:image/svg+xml;base64," + b64encode(b'<!DOCTYPE x [<!ENTITY a "b">]><svg/>').decode(), "DOCTYPE"),
        ("data:image/svg+xml;base64," + b64encode(b"<svg/>").decode(), "namespace"),
        ("data:text/html;base64,AAAA", "data: address"),
        ("data:image/png;base64," + "A" * 400_000, "a logo may have 262,144"),
    ],
)
def test_what_may_act_or_is_broken_is_refused(address: str, message: str) -> None:
    """The refusal says what is wrong."""
    with pytest.raises(BrandingError, match=message):
        read_logo(address)


def test_text_on_a_colour_can_be_read() -> None:
    """On a dark field it is white, on a light one dark; an accent must read on white."""
    assert Branding(primary="#10273a").on_primary == "#ffffff"
    assert Branding(primary="#ffe600").on_primary == "#12263a"
    for primary in ("#10273a", "#ffe600", "#7f7f7f", "#c00000", "#ffffff"):
        assert contrast(primary, Branding(primary=primary).on_primary) > 3.9
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    with pytest.raises(BrandingError, match="choose a darker colour"):
        check_accent("#9cc8d6")
