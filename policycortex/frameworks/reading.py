"""One door for framework files of any kind: bytes to a framework, whatever form they are in."""

from collections.abc import Mapping
from typing import Any

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.native import read_native
from policycortex.frameworks.overlay import overlay
from policycortex.frameworks.tree import parse_tree


def read_framework(data: bytes, *, name: str, base: Mapping[str, Framework] | None = None) -> Framework:
    """A framework from a file's bytes; ``name`` is the file's name, for messages and Prowler's ids.

    ``base`` are the frameworks the file may stand over, by default the built-in ones: where it bears the id of one, its
    relations go before that one's. Raises ConfigurationError that lists every problem.
    """
    tree = parse_tree(data, name=name)
    return read_tree(tree, name=name, base=load_builtin_frameworks() if base is None else base)


def read_tree(tree: Mapping[str, Any], *, name: str, base: Mapping[str, Framework]) -> Framework:
    """The same from a tree that is parsed already."""
    framework = _read(tree, name, base)
    return overlay(framework, base[framework.id]) if framework.id in base else framework


def is_remap(tree: Mapping[str, Any]) -> bool:
    """Whether the file only re-maps checks to the requirements of a framework it names."""
    return "crosswalk" in tree and "requirements" not in tree


def _read(tree: Mapping[str, Any], name: str, base: Mapping[str, Framework]) -> Framework:
    return read_native(tree, name=name, base=base)
