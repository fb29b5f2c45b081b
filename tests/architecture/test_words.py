"""Plain technical English: no retired word in prose, no retired name in code. The list is in ``retired_words.py``."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.architecture.retired_words import EXEMPT_FILES, KEPT, NAME_PARTS, NAMES, PROSE

ROOT: Final = Path(__file__).parents[2]
WRITTEN: Final = {".md", ".yaml", ".yml", ".html", ".css", ".sql", ".sh", ".toml"}
"""Files that are prose, or mostly; of Python files, comments and strings are prose."""

_KEPT: Final = re.compile("|".join(KEPT))
_PROSE: Final = re.compile(rf"(?<![\w./-])(?:{'|'.join(f'({word})' for word in PROSE)})(?![\w/-])", re.IGNORECASE)
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PARTS: Final = tuple(f"{part}|{part.title()}|{part.upper()}" for part in NAME_PARTS)
_NAME: Final = re.compile(rf"(?:{'|'.join(_PARTS)})(?![a-z])|\b(?:{'|'.join(NAMES)})\b")
"""Stands in each text that defines a retired name, and in some others."""


@cache
def searched_files() -> tuple[Path, ...]:
    """Every committed file that people read or write."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [Path(name) for name in listed.split("\0") if name and name not in EXEMPT_FILES]
    wanted = [path for path in paths if path.suffix in WRITTEN | {".py"} or path.name == "Makefile"]
    return tuple(path for path in wanted if (ROOT / path).is_file())


def problems_of(path: Path) -> Iterator[str]:
    """Each retired word or name of a file, with its place and what to write instead."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if not _PROSE.search(text) and not _NAME.search(f"{path.stem} {text}"):
        return  # most files: to take code apart costs a hundred times as much
    if path.suffix == ".py":
        yield from (f"{path}:{line}: {problem}" for line, problem in sorted(set(problems_of_code(path, text))))
    else:
        yield from (f"{path}:{line}: {problem}" for line, problem in problems_of_prose(text))


def problems_of_code(path: Path, source: str) -> Iterator[tuple[int, str]]:
    """Retired words in comments and strings, retired names in what the file defines."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from ((token.start[0], problem) for _, problem in problems_of_prose(token.string))
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((node.lineno + line - 1, problem) for line, problem in problems_of_prose(node.value))
    yield from ((1, problem) for problem in problems_of_name(path.stem))
    for line, name in defined_names(tree):
        yield from ((line, problem) for problem in problems_of_name(name))


def problems_of_prose(text: str) -> Iterator[tuple[int, str]]:
    """Line and problem of each retired word."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _PROSE.finditer(_KEPT.sub("", line)):
            [instead] = [PROSE[word] for word, hit in zip(PROSE, match.groups(), strict=True) if hit]
            yield number, f"{match[0]!r}: write {instead}"


def problems_of_name(name: str) -> Iterator[str]:
    """What is retired about a name."""
    if name in NAMES:
        yield f"the name {name!r}: use {NAMES[name]}"
    parts = {part.lower() for part in _PART.findall(_KEPT.sub("", name))}
    yield from (f"{part!r} in the name {name!r}: use {NAME_PARTS[part]}" for part in sorted(parts & NAME_PARTS.keys()))


def defined_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of each class, function, argument and variable that a module defines."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def test_no_retired_word_or_name_is_used() -> None:
    """In no committed file, apart from the files that are exempt."""
    found = [problem for path in searched_files() for problem in problems_of(path)]
    assert not found, "\n".join(found)


def test_the_search_finds_what_it_looks_for() -> None:
    """A comment, a docstring, a message, an argument, a local, an attribute and a class, each with its line."""
    source = '''# the house
def f(ground: str) -> str:
    """Opens the door."""
    told = ground
    self.vault = f"{told} is said"

class ReportOrder:
    pass
'''
    lines = {line for line, _ in problems_of_code(Path("x.py"), source)}
    assert lines == {1, 2, 3, 4, 5, 7}
    names = [*NAMES, *NAME_PARTS, *(f"is_{part}_now = HAS_{part.upper()}" for part in NAME_PARTS)]
    assert all(_NAME.search(f"class {name}:") for name in [*names, *(f"Old{part.title()}2" for part in NAME_PARTS)])


def test_what_is_kept_is_not_found() -> None:
    """Documented paths, settings, asset keys, and words within other words."""
    text = "GET /v1/audit-trail, POLICYCORTEX_STANDING_FRAMEWORKS, reports/standing, household, in-house, outdoors"
    assert not list(problems_of_prose(text))
