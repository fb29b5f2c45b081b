"""The worked examples of CONTRIBUTING.md: each is written into a copy of the product and run there."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from policycortex.findings.formats.registry import list_formats

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
PACKAGES = ("policycortex", "policycortex_cli", "pipelines", "api", "policycortex_console", "policycortex_mcp")
LANGUAGES = {"python", "html", "yaml", "diff"}
STEP = re.compile(r"^#[^\n]*$|^`([\w/.\-]+)`:$|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file of the page: its whole content, or a change of an existing file."""

    path: str
    content: str
    is_change: bool


def steps() -> Iterator[Step]:
    """The files and changes of CONTRIBUTING.md, in its order. A file is named by a line before its block."""
    path = ""
    for found in STEP.finditer(PAGE.read_text(encoding="utf-8")):
        named, language, content = found.groups()
        if language is None:
            path = named or ""
        elif path and language in LANGUAGES:
            yield Step(path=path, content=content, is_change=language == "diff")


def apply(step: Step, product: Path) -> None:
    """Write the file, or replace the one place that has the unchanged and removed lines of the change."""
    file = product / step.path
    if not step.is_change:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(step.content, encoding="utf-8")
        return
    lines = step.content.splitlines(keepends=True)
    before = "\n" + "".join(line[1:] for line in lines if line[0] in " -")
    after = "\n" + "".join(line[1:] for line in lines if line[0] in " +")
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{step.path} has {text.count(before)} places like {before!r}"
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product with every example applied. Compiled code is copied, too: it holds for unchanged files."""
    copy = tmp_path_factory.mktemp("product")
    for name in (*PACKAGES, "templates"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
    (copy / "tests").symlink_to(ROOT / "tests")
    for step in steps():
        apply(step, copy)
    return copy


def run(product: Path, script: str, *arguments: object) -> str:
    """Run a module of ``tests/docs/scripts`` in the copy and return its output."""
    environment = os.environ | {"PYTHONPATH": str(product), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", f"tests.docs.scripts.{script}", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=product, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_kind_of_extension_has_an_example() -> None:
    """Format, section, channel, endpoint, score model and framework: their files are on the page."""
    paths = [step.path for step in steps()]
    for kind in ("findings/formats/", "reports/sections/", "channels/", "api/v1/", "scoring/models.py", ".yaml"):
        assert any(kind in path for path in paths), kind


def test_the_examples_keep_the_projects_style(product: Path) -> None:
    """The formatter and the linter of the project accept the example modules as they are."""
    files = [step.path for step in steps() if step.path.endswith(".py")]
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [*ruff, *command, "--no-cache", *files], cwd=product, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_the_format_is_recognised_and_imported(product: Path, tmp_path: Path) -> None:
    """Of three records two are findings; the unknown outcome is quarantined."""
    assert json.loads(run(product, "import_findings", tmp_path)) == ["rulelog", 3, 2, 1]


def test_the_section_is_in_page_workbook_and_json(product: Path, tmp_path: Path) -> None:
    """In both languages, with the same rows in all three."""
    english, german = json.loads(run(product, "render_section", tmp_path))
    assert english == german
    assert english[0] > 1
    assert english[1:] == [True, True]


def test_the_channel_posts_to_a_receiver(product: Path, tmp_path: Path) -> None:
    """The message arrives with its first line filled in and a link; requests know the channel."""
    answer, line, links, is_known = json.loads(run(product, "deliver", tmp_path))
    assert (answer, line, is_known) == ("200", "Report of 2026-04-01", True)
    assert links == ["https://reports.example.com/v1/links/dl_pdf"]


def test_the_endpoint_answers_and_is_documented(product: Path, tmp_path: Path) -> None:
    """Without a key 401; with one all formats, that of the first example included."""
    names = sorted([*(each.name for each in list_formats()), "rulelog"])
    assert json.loads(run(product, "call_endpoint", tmp_path)) == [401, 200, names, True]


def test_the_score_model_is_calculated_and_has_its_texts(product: Path) -> None:
    """Critical 3 of 4, high 0 of 4: 3 / 8 = 37.5 %."""
    texts = ["Critical and high findings passed", "Kritische und hohe Befunde bestanden"]
    assert json.loads(run(product, "score")) == [37.5, *texts]


def test_the_framework_is_added_by_the_command_line(product: Path, tmp_path: Path) -> None:
    """Validated, added and listed, with its two requirements."""
    file = product / "internal-rules.yaml"
    assert run(product, "command", tmp_path, "frameworks", "validate", file).endswith("internal, 2 requirements")
    run(product, "command", tmp_path, "frameworks", "add", file)
    shown = run(product, "command", tmp_path, "frameworks", "list")
    assert "internal" in shown
