"""A custom template can print anything and reach nothing; its errors are reported by file and line."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from policycortex.documents.model import ReportDocument
from policycortex.documents.template_files import list_templates
from policycortex.errors import ConfigurationError, RenderingError
from policycortex.names import ReportFormat
from policycortex.rendering import template_limits
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from tests.support.samples.documents import Sample, build_document

Render = Callable[[dict[str, str]], str]
RenderSection = Callable[[str], str]


@pytest.fixture
def document(tmp_path: Path) -> ReportDocument:
    """Few findings, ordered with the template ``acme``."""
    made = build_document(tmp_path, Sample(findings=3))
    return replace(made, header=replace(made.header, template="acme"))


@pytest.fixture
def render(document: ReportDocument, tmp_path: Path) -> Render:
    """Writes the files into ``templates/acme`` and gives the HTML report's text."""

    def make(files: dict[str, str]) -> str:
        for name, text in files.items():
            path = tmp_path / "templates" / "acme" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        options = RenderingOptions(templates_dir=tmp_path / "templates")
        return render_artifact(document, ReportFormat.HTML, tmp_path, options=options).path.read_text(encoding="utf-8")

    return make


@pytest.fixture(scope="module")
def render_section(tmp_path_factory: pytest.TempPathFactory) -> RenderSection:
    """Gives the HTML report's text with this methodology. One folder for all, because templates are compiled for it."""
    folder = tmp_path_factory.mktemp("sections")
    made = build_document(folder, Sample(findings=3))
    document = replace(made, header=replace(made.header, template="acme"))
    path, seconds = folder / "templates" / "acme" / "sections" / "methodology.html", iter(range(1, 1_000))
    path.parent.mkdir(parents=True)
    options = RenderingOptions(templates_dir=folder / "templates")

    def make(text: str) -> str:
        path.write_text(text, encoding="utf-8")
        os.utime(path, (second := next(seconds), second))  # a file is read again when its time differs
        return render_artifact(document, ReportFormat.HTML, folder, options=options).path.read_text(encoding="utf-8")

    return make


def test_a_template_takes_the_place_of_a_section_and_may_use_the_built_in_one(render: Render) -> None:
    """A file replaces the one of its name; the replaced one can still be included; a style is added."""
    section = "<p>Acme says {{ summary.total_violations|number }}</p>"
    section += '{% include "built_in/report/sections/methodology.html" %}'
    page = render({"sections/methodology.html": section, "screen.css": ".acme { color: red }"})
    assert "<p>Acme says " in page
    assert 'class="grid models"' in page
    assert ".acme { color: red }" in page


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{% if %}", "Expected an expression"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ t('no.such') }}", "no text 'no.such'"),
        ("{% include 'report/../../secret.html' %}", "there is no template"),
        ("{{ document.findings.path }}", "unsafe"),
        ("{{ document.findings.head(1).write_csv('x') }}", "unsafe"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ t.__globals__ }}", "unsafe"),
        ("{{ 'a' * 1000000000 }}", "longer than 100,000"),
        ("{{ 10**9**9 }}", "a power this high"),
        ("{{ '%9999999d' % 1 }}", "cannot be formatted"),
        ("{{ '{:>9999999}'.format(1) }}", "not safely callable"),
        ("{% for n in range(10**8) %}{% endfor %}", "Range too big"),
        ("{{ document.header.period.previous() }}", "not safely callable"),
    ],
)
def test_an_error_is_reported_by_file_and_line_and_nothing_is_reached(
    render_section: RenderSection, body: str, message: str
) -> None:
    """Names, syntax, arithmetic, paths and everything beyond reading the document."""
    with pytest.raises((RenderingError, ConfigurationError), match=message) as caught:
        render_section(f"<p>\n{body}</p>")
    if isinstance(caught.value, RenderingError) and "no template" not in message:
        assert "custom template 'acme', sections/methodology.html line 2" in str(caught.value)


def test_a_link_out_of_the_folder_is_not_followed(render: Render, tmp_path: Path) -> None:
    """The built-in section is shown instead."""
    (tmp_path / "secret.html").write_text("SECRET", encoding="utf-8")
    (tmp_path / "templates" / "acme" / "sections").mkdir(parents=True)
    (tmp_path / "templates" / "acme" / "sections" / "trend.html").symlink_to(tmp_path / "secret.html")
    assert "SECRET" not in render({})


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x.png", "file:///etc/passwd", "template:../x.png"])
def test_a_page_that_asks_for_more_fails_and_says_so(document: ReportDocument, tmp_path: Path, address: str) -> None:
    """No file beside the template's own and no address is read."""
    folder = tmp_path / "templates" / "acme"
    folder.mkdir(parents=True)
    (folder / "print.html").write_text(f'<img src="{address}" alt="">', encoding="utf-8")
    options = RenderingOptions(templates_dir=tmp_path / "templates")
    with pytest.raises(RenderingError, match=r"custom template 'acme' could not be laid out: .* only read its own"):
        render_artifact(document, ReportFormat.PDF, tmp_path, options=options)


def test_only_folders_with_plain_names_are_templates(tmp_path: Path) -> None:
    """Catalogues, files and hidden folders are none."""
    for name in ("acme", "two_words", "locales", ".git", "A b"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    assert list_templates(tmp_path) == ("acme", "two_words")
    assert list_templates(None) == list_templates(tmp_path / "gone") == ()


def test_a_template_that_was_taken_away_is_reported(document: ReportDocument, tmp_path: Path) -> None:
    """Between order and making."""
    with pytest.raises(ConfigurationError, match="custom template 'acme' is not in"):
        render_artifact(document, ReportFormat.PDF, tmp_path)


_LOOP = "{% for a in range(100000) %}{% for b in range(100000) %}BODY{% endfor %}{% endfor %}"
_DOUBLE = "{% set s = namespace(x='ab') %}{% for n in range(60) %}BODY{% endfor %}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_LOOP.replace("BODY", ""), "more than 1,000,000 steps"),
        (_LOOP.replace("BODY", "x" * 2000), "prints more than 50,000,000 characters"),
        (_LOOP.replace("BODY", "{{ 'x' * 50000 }}"), "prints more than 50,000,000 characters"),
        (_LOOP.replace("BODY", "{{ '" + "x" * 2000 + "' }}"), "prints more than 50,000,000 characters"),
        (_DOUBLE.replace("BODY", "{% set s.x = s.x ~ s.x %}"), "more than 1,000,000 characters or members"),
        ("{{ ('a' * 90000)|replace('a', 'b' * 90000) }}", "replace would make more"),
        ("{{ ('a' * 90000).replace('a', 'b' * 90000) }}", "not safely callable|unsafe"),
        ("{{ (['a' * 90000] * 90000)|join }}", "join would make more"),
        ("{{ [1]|batch(1000000000, 0)|list }}", "numbers up to 10,000"),
        ("{{ [1]|slice(1000000000)|list }}", "numbers up to 10,000"),
        ("{{ 1.5|round(1000000000, 'floor') }}", "numbers up to 10,000"),
        ("{{ (1).to_bytes(1000000000, 'big') }}", "not safely callable|unsafe"),
        ("{{ lipsum(1000000) }}", "'lipsum' is undefined"),
    ],
)
def test_endless_work_and_output_are_refused(render_section: RenderSection, body: str, message: str) -> None:
    """Attack: a custom template that loops or grows for hours and fills the memory of the worker."""
    with pytest.raises(RenderingError, match=message) as caught:
        render_section(f"<p>\n{body}</p>")
    assert "custom template 'acme', sections/methodology.html" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}", "steps"),
        ("{% for n in [1] recursive %}{% if loop.depth < 9 %}{{ loop(range(99999)) }}{% endif %}{% endfor %}", "steps"),
        (_DOUBLE.replace("BODY", "{% set s.x = s.x + s.x %}"), "characters or members"),
        (_DOUBLE.replace("BODY", "{% set s.x = [s.x, s.x] %}"), "characters or members"),
        (_DOUBLE.replace("BODY", "{% set s.x = {1: s.x, 2: s.x} %}"), "characters or members"),
        (_DOUBLE.replace("BODY", "{% set s.x = dict(a=s.x, b=s.x) %}"), "characters or members"),
        (_DOUBLE.replace("BODY", "{% set s.x %}{{ s.x }}{{ s.x }}{% endset %}"), "characters or members"),
    ],
)
def test_every_way_to_repeat_and_to_grow_is_counted(
    render_section: RenderSection, monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    """Up to limits that are a twentieth of the product's, because to count to a million takes seconds."""
    monkeypatch.setattr(template_limits, "MOST_STEPS", 50_000)
    monkeypatch.setattr(template_limits, "MOST_MEMBERS", 50_000)
    with pytest.raises(RenderingError, match=f"more than 50,000 {message}") as caught:
        render_section(f"<p>\n{body}</p>")
    assert "custom template 'acme', sections/methodology.html" in str(caught.value)


def test_counting_changes_no_output(render: Render) -> None:
    """Loops with their variables, filters, macros, calls and captured blocks print what Jinja prints."""
    body = (
        "{% macro m(x) %}<{{ x }}{{ caller() if caller else '' }}>{% endmacro %}"
        "{% for a, b in [(1, 2), (3, 4)] if a %}{{ loop.index }}/{{ loop.length }}:{{ a + b }} {% else %}-{% endfor %}"
        "{% call m('c') %}in{% endcall %}{% set s %}{{ 'a' ~ 1 }}{% endset %}{{ s }}"
        "{{ [1, 2]|join('+') }}{{ 'aa'|replace('a', 'b') }}{{ [1, 2, 3]|batch(2)|list|length }}{{ 2.55|round(1) }}"
    )
    page = render({"sections/methodology.html": f"<p>{body}</p>"})
    assert "<p>1/2:3 2/2:7 &lt;" not in page
    assert "<p>1/2:3 2/2:7 <cin>a11+2bb22.5</p>" in page
