"""Characters that no font has are written as their number; all others stay."""

from pathlib import Path

import polars as pl
import pytest

from policycortex.documents.template_files import templates_folder
from policycortex.rendering.pdf.covered_text import show_uncovered, show_uncovered_columns, show_uncovered_in

COVERED = "Über 東京 서울 𠮷野家 🚀👩🏽‍💻⚠️1️⃣🇩🇪 ที่ภาษาไทย हिन्दी العربية עברית Ελλάδα Москва ✓ ✗ ◆ …\t\n\u200b"


def test_text_of_the_fonts_stays() -> None:
    """With marks that only act on their neighbours: joiners, variation selectors, spaces."""
    assert show_uncovered(COVERED) == COVERED


def test_other_characters_are_written_as_their_number() -> None:
    """Bengali, a hieroglyph, a private and an unassigned character."""
    assert show_uncovered("a ক 𓀀 \ue000\U0003fffd") == "a [U+0995] [U+13000] [U+E000][U+3FFFD]"


def test_the_head_of_a_page_stays() -> None:
    """A program shows its title, with fonts of its own."""
    page = "<html><head><title>ক</title></head><body data-run='ক'>ক</body></html>"
    assert show_uncovered_in(page) == (
        "<html><head><title>ক</title></head><body data-run='[U+0995]'>[U+0995]</body></html>"
    )


def test_columns_follow_the_same_rule() -> None:
    """Text columns only; an empty table and missing values are no problem."""
    rows = pl.DataFrame({"t": ["ক", None, COVERED], "n": [1, 2, 3]})
    assert show_uncovered_columns(rows).rows() == [("[U+0995]", 1), (None, 2), (COVERED, 3)]
    assert show_uncovered_columns(rows.head(0)).height == 0


def test_fonts_of_a_custom_template_count(tmp_path: Path) -> None:
    """And a file that only has the name of a font does not."""
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert show_uncovered("ক🚀", tmp_path) == "[U+0995]🚀"


@pytest.mark.parametrize("font", sorted((templates_folder() / "fonts").glob("*.ttf")), ids=lambda path: path.stem)
def test_each_font_has_its_notice(font: Path) -> None:
    """Licence texts are beside the fonts."""
    assert font.name in (templates_folder() / "fonts" / "OFL.txt").read_text(encoding="utf-8")
