"""Links and names in the documentation exist; every package has its card and every decision record its line."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FUNCTION_IN_FILE = re.compile(r"`(\w+)\(\)`\s+in\s+\[[^\]]+\]\(([^)\s]+\.py)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """The page's text without its code blocks."""
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """GitHub's anchors of the page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def functions(module: Path) -> set[str]:
    """Names of all functions and methods in a module."""
    tree = ast.parse(module.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Relative links name an existing file, and an existing heading where they name one."""
    broken = []
    for link in LINK.findall(prose(page)):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_the_code_tour_names_functions_that_exist() -> None:
    """Each `function()` in a linked file is defined in that file, each other one in some linked file."""
    page = ROOT / "docs" / "ARCHITECTURE.md"
    named = FUNCTION_IN_FILE.findall(prose(page))
    assert len(named) > 15
    assert not [(name, file) for name, file in named if name not in functions((page.parent / file).resolve())]
    linked = {(page.parent / file).resolve() for file in LINK.findall(prose(page)) if file.endswith(".py")}
    defined = set().union(*(functions(module) for module in linked))
    assert not set(re.findall(r"`(\w+)\(\)`", prose(page))) - defined


def test_the_map_names_every_package() -> None:
    """Each package of the core appears in the architecture page."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
    packages = {path.parent.name for path in (ROOT / "policycortex").glob("*/__init__.py")}
    assert not {name for name in packages if f"{name}/" not in text}


def test_every_decision_record_is_in_the_index() -> None:
    """The index of decision records links each record once."""
    folder = ROOT / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert re.findall(r"^\| \[\d+\]\(([^)]+)\)", (folder / "README.md").read_text(), re.MULTILINE) == records


@pytest.mark.parametrize(
    "front",
    [
        "policycortex",
        "policycortex_cli",
        "pipelines",
        "api",
        "policycortex_console",
        "policycortex_mcp",
        "policycortex_client",
    ],
)
def test_every_package_has_its_card(front: str) -> None:
    """Three sentences or more: what the package holds, what it does not hold, and where that goes instead."""
    short = []
    for path in (ROOT / front).rglob("__init__.py"):
        card = (ast.get_docstring(ast.parse(path.read_text())) or "").replace("``", "")
        if len(re.findall(r"\.(?=\s|$)|;", card)) < 3:
            short.append(str(path.relative_to(ROOT)))
    assert not short
