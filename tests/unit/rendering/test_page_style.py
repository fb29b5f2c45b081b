"""The style sheet of built-in pages is parsed once, and again when its text has changed."""

from pathlib import Path

import pytest
from weasyprint import HTML

from policycortex.rendering.pdf import page_style as module
from policycortex.rendering.pdf.page_style import page_style


def test_a_changed_style_sheet_is_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is laid out by the rules that stand in the file."""
    monkeypatch.setattr(module, "templates_folder", lambda: tmp_path)
    path = tmp_path / "report" / "print.css"
    path.parent.mkdir()

    def width_after(text: str) -> float:
        path.write_text(text, encoding="utf-8")
        width: float = HTML(string="<p>page</p>").render(stylesheets=[page_style()]).pages[0].width
        return width

    assert width_after("@page { size: 400px 500px }") == pytest.approx(400)
    assert width_after("@page { size: 600px 500px }") == pytest.approx(600)


def test_reports_share_one_parsed_style_sheet() -> None:
    """Without a change of the file."""
    assert page_style() is page_style()
