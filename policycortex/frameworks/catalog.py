"""All frameworks: the built-in ones, extended or replaced by the user's files in a folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from policycortex.errors import ConfigurationError, Problem
from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.problems import file_error
from policycortex.frameworks.reading import is_remap, read_tree
from policycortex.frameworks.tree import parse_tree

__all__ = ["load_builtin_frameworks", "load_frameworks"]

SUFFIXES: Final = (".json", ".yaml", ".yml")

_Tree = Mapping[str, Any]


def load_frameworks(folder: Path | None) -> Mapping[str, Framework]:
    """Frameworks by id: built-in ones first, then the folder's in the order of its file names.

    A file with the id of a built-in framework extends it; a file without requirements re-maps a framework of the folder
    or a built-in one. Hidden files and other suffixes are ignored; a folder that does not exist has no frameworks.
    Raises ConfigurationError with the problems of all files at once.
    """
    found = dict(load_builtin_frameworks())
    if folder is None or not folder.exists():
        return MappingProxyType(found)
    problems: list[Problem] = []
    trees = dict(_trees(folder, problems))
    owners: dict[str, str] = {}
    for file_name, tree in sorted(trees.items(), key=lambda item: is_remap(item[1])):
        try:
            framework = read_tree(tree, name=file_name, base=found)
        except ConfigurationError as error:
            problems += _of_file(file_name, error)
            continue
        if not is_remap(tree) and (owner := owners.setdefault(framework.id, file_name)) != file_name:
            problems.append(Problem(field=file_name, message=f'has the id "{framework.id}" of {owner}; remove one'))
            continue
        found[framework.id] = framework
    if problems:
        raise file_error(f"folder {folder}", problems)
    return MappingProxyType(found)


def _trees(folder: Path, problems: list[Problem]) -> Iterator[tuple[str, _Tree]]:
    """Each framework file's tree by file name; files that cannot be read are added to ``problems``."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        try:
            yield path.name, parse_tree(path.read_bytes(), name=path.name)
        except ConfigurationError as error:
            problems += _of_file(path.name, error)
        except OSError as error:
            problems.append(Problem(field=path.name, message=f"cannot be read: {error.strerror}"))


def _of_file(file_name: str, error: ConfigurationError) -> list[Problem]:
    return [Problem(field=f"{file_name} {p.field}".rstrip(), message=p.message) for p in error.details]
