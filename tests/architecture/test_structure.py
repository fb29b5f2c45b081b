"""Sizes and directions of code: nothing too long to read, and no module that imports itself by way of others."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = (
    "policycortex",
    "policycortex_cli",
    "pipelines",
    "api",
    "policycortex_console",
    "policycortex_mcp",
    "policycortex_client",
)
LONGEST_FILE: Final = 400
LONGEST_FUNCTION: Final = 60

TABLES_OF_DATA: Final = {
    ("policycortex/storage/registry/migrations/versions/0001_first_tables.py", "upgrade"): "columns of tables",
    ("policycortex/storage/registry/migrations/versions/0004_schedules_and_deliveries.py", "upgrade"): "the same",
}
"""Functions that may be longer, because they list data."""


def python_files(*folders: str) -> list[Path]:
    """Every Python file below these folders, relative to the project."""
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    """Its syntax tree."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def statements_of(node: ast.AST) -> Iterator[ast.AST]:
    """Those within it at any depth; expressions, which are most of a tree, hold none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from statements_of(child)


def test_no_file_is_too_long_to_read() -> None:
    """At most 400 lines, tests and benchmarks included."""
    lengths = {
        path: len((ROOT / path).read_text().splitlines()) for path in python_files(*PRODUCT, "tests", "benchmarks")
    }
    assert not {str(path): length for path, length in lengths.items() if length > LONGEST_FILE}


def test_no_function_is_too_long_to_read() -> None:
    """At most 60 lines, tests and benchmarks included; lists of data are named with their reason."""
    long = {
        (path.as_posix(), node.name)
        for path in python_files(*PRODUCT, "tests", "benchmarks")
        if (ROOT / path).read_bytes().count(b"\n") >= LONGEST_FUNCTION
        for node in statements_of(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert not long - set(TABLES_OF_DATA)


def statements_at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements outside of functions; those for type checkers alone, too: they tie modules to each other as well."""
    for statement in body:
        match statement:
            case ast.If():
                yield from statements_at_import(statement.body)
                yield from statements_at_import(statement.orelse)
            case ast.Try() | ast.With():
                yield from statements_at_import(statement.body)
            case _:
                yield statement


def imports_of(module: ast.Module, known: set[str]) -> set[str]:
    """Modules of ``known`` that this one names in its imports."""
    found: set[str] = set()
    for statement in statements_at_import(module.body):
        match statement:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(source), names=names):
                found |= {name if (name := f"{source}.{alias.name}") in known else source for alias in names}
    return found & known


def module_name(path: Path) -> str:
    """Its dotted name; a package's is that of its folder."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_module_imports_itself_by_way_of_others() -> None:
    """The imports at the top of the product's modules form no circle."""
    files = {module_name(path): path for path in python_files(*PRODUCT)}
    graph = {name: imports_of(parsed(path), set(files)) - {name} for name, path in files.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_the_import_contracts_name_every_package() -> None:
    """Each package and module of the core has its layer; the fronts are all below a contract."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert set(settings["root_packages"]) == set(PRODUCT)
    [layers] = [contract for contract in settings["contracts"] if contract.get("containers") == ["policycortex"]]
    assert layers["exhaustive"] is True
    assert not layers.get("ignore_imports")
    named = {name.strip() for layer in layers["layers"] for name in layer.split("|")}
    assert named == {path.stem for path in (ROOT / "policycortex").iterdir() if is_importable(path)}


def is_importable(path: Path) -> bool:
    """A module, or a folder that has modules."""
    return path.stem != "__init__" and (path.suffix == ".py" or (path / "__init__.py").is_file())


def test_no_two_public_classes_have_one_name() -> None:
    """One name, one meaning; the client has the nouns of the API's answers, and its own package."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in python_files(*PRODUCT):
        for node in parsed(path).body:
            if (
                isinstance(node, ast.ClassDef)
                and not node.name.startswith("_")
                and path.parts[0] != "policycortex_client"
            ):
                found[node.name].append(path.as_posix())
    assert len(found) > 500
    assert not {name: paths for name, paths in found.items() if len(paths) > 1}
