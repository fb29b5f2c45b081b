"""Code rules that no linter checks: module names, who reads the environment, what the documentation must mention."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from policycortex.settings import Settings, variable_of

ROOT = Path(__file__).parents[2]
PACKAGES = ("policycortex", "policycortex_cli", "pipelines", "api", "policycortex_console", "policycortex_mcp")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
BROAD = {"Exception", "BaseException"}


def modules(*packages: str) -> list[Path]:
    """Every module of these packages."""
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def tracked() -> list[Path]:
    """Every text file that is committed."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in files if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def handlers(path: Path) -> Iterator[ast.ExceptHandler]:
    """Every except clause of a module."""
    text = path.read_text()
    return (n for n in ast.walk(ast.parse(text if "except" in text else "")) if isinstance(n, ast.ExceptHandler))


def is_swallowed(handler: ast.ExceptHandler) -> bool:
    """Whether a broad clause catches and does not raise again."""
    caught = {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)} if handler.type else BROAD
    return bool(caught & BROAD) and not any(isinstance(n, ast.Raise) for n in ast.walk(handler))


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_is_named_for_what_belongs_in_it(path: Path) -> None:
    """Neither vaguely, nor like one of the standard library's, and it opens with a docstring."""
    assert path.stem not in VAGUE_NAMES
    assert path.stem not in sys.stdlib_module_names
    if path.stat().st_size:
        assert ast.get_docstring(ast.parse(path.read_text())), "no docstring"


@pytest.mark.parametrize("path", modules("policycortex"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_swallows_no_error(path: Path) -> None:
    """A truncated report must never look like a good one: broad clauses clean up and raise again."""
    assert not [handler.lineno for handler in handlers(path) if is_swallowed(handler)]


def test_only_the_settings_read_the_environment() -> None:
    """All else takes settings as an argument; the command line hands its environment to its services."""
    readers = {p for p in modules(*PACKAGES) if re.search(r"os\.environ|getenv\(", p.read_text())}
    edges = {f"policycortex_cli/{name}.py" for name in ("serve", "forked_service", "worker", "runs", "home")} | {
        "pipelines/platform/run_host.py"
    }
    assert {str(p.relative_to(ROOT)) for p in readers} <= edges | {"policycortex/settings.py"}


def unclosed_contexts(path: Path) -> list[int]:
    """Lines that build a context of Dagster outside a ``with``."""
    text = path.read_text()
    if "build_" not in text or "_context" not in text:
        return []
    tree = ast.parse(text)
    closed = {id(item.context_expr) for n in ast.walk(tree) if isinstance(n, ast.With) for item in n.items}
    calls = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and id(n) not in closed)
    return [n.lineno for n in calls if re.fullmatch(r"(dg\.)?build_(sensor|schedule)_context", ast.unparse(n.func))]


def test_contexts_of_dagster_are_closed() -> None:
    """One that is not closed leaves its instance's storage as the current one: the next test reads a deleted folder."""
    assert unclosed_contexts(ROOT / "tests/pipelines/test_deliveries.py") == []
    assert {str(p.relative_to(ROOT)): lines for p in modules("tests") if (lines := unclosed_contexts(p))} == {}


def test_the_docs_mention_every_setting() -> None:
    """A setting nobody can read about does not exist."""
    named = {variable_of(field) for field in Settings.model_fields}
    docs = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    assert named
    assert not {name for name in named if name not in docs}


def test_the_docs_mention_every_command() -> None:
    """As do commands."""
    from policycortex_cli.app import app

    docs = "".join(path.read_text() for path in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
    assert not {name for name in app.commands if f"policycortex {name}" not in docs}


def test_nothing_of_one_machine_is_committed() -> None:
    """No path under a person's home or work folder stands in any file."""
    mark = re.compile(r"/(?:root|home|Users)/\w|/work/(?:main|shared)")
    found = {str(p.relative_to(ROOT)) for p in tracked() if mark.search(p.read_text(errors="replace"))}
    assert not found


def test_one_module_names_private_parts_of_dagster_by_text() -> None:
    """The import contract sees imports alone; a module path in a text breaks an upgrade just the same."""
    named = {
        str(path.relative_to(ROOT))
        for path in modules(*PACKAGES)
        if "dagster" in (text := path.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"\bdagster\._\w", node.value)
    }
    assert named == {"pipelines/platform/instance_plugins.py"}


def test_no_conflict_marker_is_committed() -> None:
    """A merge whose conflict was not resolved breaks shell scripts, which nothing else here reads."""
    mark = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
    assert not {str(p.relative_to(ROOT)) for p in tracked() if mark.search(p.read_text(errors="replace"))}
