"""Reads framework files of every form, and writes the product's own form."""

import re
from collections.abc import Mapping
from typing import Any

from policycortex.errors import Problem
from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.native import SLUG_PATTERN, read_native, write_native
from policycortex.frameworks.oscal import is_oscal, read_oscal
from policycortex.frameworks.overlay import overlay
from policycortex.frameworks.problems import file_error
from policycortex.frameworks.prowler import read_legacy, read_universal
from policycortex.frameworks.tree import parse_tree


def read_framework(
    data: bytes, *, name: str, framework_id: str | None = None, base: Mapping[str, Framework] | None = None
) -> Framework:
    """A framework from a file's bytes: the product's YAML or JSON, Prowler's JSON of both kinds, an OSCAL catalog.

    ``name`` is the file's name, for messages and for ids that the file does not give; ``framework_id`` has
    precedence. ``base`` are the frameworks that the file may extend, by default the built-in ones: if it has the id of
    one, its relations have precedence over that one's. Raises ConfigurationError that lists every problem.
    """
    tree = parse_tree(data, name=name)
    known = load_builtin_frameworks() if base is None else base
    return read_tree(tree, name=name, framework_id=framework_id, base=known)


def read_tree(
    tree: Mapping[str, Any], *, name: str, base: Mapping[str, Framework], framework_id: str | None = None
) -> Framework:
    """The same for a parsed file."""
    if framework_id is not None and not (re.fullmatch(SLUG_PATTERN, framework_id) and len(framework_id) <= 100):
        message = f"{framework_id!r} must be lower-case letters, digits, dots, dashes and underscores, at most 100"
        raise file_error(name, (Problem(field="id", message=message),))
    framework = _read(tree, name, framework_id, base)
    return overlay(framework, base[framework.id]) if framework.id in base else framework


def write_framework(framework: Framework) -> bytes:
    """The framework in the product's own form, for storage. Reading it returns an equal framework."""
    return write_native(framework)


def is_remap(tree: Mapping[str, Any]) -> bool:
    """True if the file only changes the relations of an existing framework."""
    return "crosswalk" in tree and "requirements" not in tree


def _read(tree: Mapping[str, Any], name: str, framework_id: str | None, base: Mapping[str, Framework]) -> Framework:
    if is_oscal(tree):
        return read_oscal(tree, name=name, framework_id=framework_id)
    if "Requirements" in tree or "Framework" in tree:
        return read_legacy(tree, name=name, framework_id=framework_id)
    if "framework" in tree:
        return read_universal(tree, name=name, framework_id=framework_id)
    framework = read_native(tree, name=name, base=base)
    if framework_id not in (None, framework.id):
        message = f'is "{framework.id}" in the file, but "{framework_id}" was requested; leave one out'
        raise file_error(name, (Problem(field="id", message=message),))
    return framework
