"""Built-in templates are compiled once for all locales and forks, and again when their text has changed."""

from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from policycortex.documents.locales import open_locale
from policycortex.rendering.templates import _BuiltInCode, compile_templates, page_environment


def test_a_changed_template_is_compiled_again(tmp_path: Path) -> None:
    """Another environment with the kept code reads the file, and the code of its earlier text is not used."""
    code, path = _BuiltInCode(), tmp_path / "page.html"

    def rendered() -> str:
        environment = Environment(loader=FileSystemLoader(tmp_path), bytecode_cache=code, autoescape=True)
        return environment.get_template("page.html").render()

    path.write_text("before", encoding="utf-8")
    assert rendered() == "before"
    path.write_text("after", encoding="utf-8")
    assert rendered() == "after"


def test_pages_of_another_locale_compile_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """After ``compile_templates``, whatever the language; every page of a report is known."""
    compile_templates()

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a template was compiled")

    monkeypatch.setattr(Environment, "compile", refused)
    environment = page_environment(open_locale("de"), None)
    for name in ("report/print.html", "report/screen.html", "charts/charts.html", "report/sections/trend.html"):
        environment.get_template(name)
