"""Parses the bytes of a framework file, JSON or YAML, to dicts, lists and scalars, within limits.

Refused: repeated keys (the last would replace the others), YAML anchors and tags (a few lines can expand to gigabytes),
nesting deeper than any framework, other encodings than UTF-8, NaN.
"""

import json
from typing import Any, Final, NoReturn

import yaml

from policycortex.errors import Problem
from policycortex.frameworks.problems import file_error
from policycortex.strict_json import DuplicateKeyError, read_json

MAX_JSON_BYTES: Final = 32 * 1024 * 1024
"""The OSCAL catalog of NIST 800-53 has 10 MB."""
MAX_YAML_BYTES: Final = 1024 * 1024
"""YAML takes fifty times as long as JSON: 1 MiB is ten thousand requirements in three seconds."""
MAX_DEPTH: Final = 64
_MAX_NAMED_KEYS: Final = 10
"""Repeated fields that a message lists."""


def parse_tree(data: bytes, *, name: str) -> dict[str, Any]:
    """The file's root object. JSON when it starts with a brace or bracket, else YAML. Raises ConfigurationError."""
    text = _decode(data, name)
    is_json = text.lstrip()[:1] in ("{", "[") and not name.lower().endswith((".yaml", ".yml"))
    tree = _parse_json(text, name) if is_json else _parse_yaml(text, name)
    if not isinstance(tree, dict):
        _refuse(name, "", f"must contain one group of fields at its top, contains {type(tree).__name__}")
    return tree


def one_line(text: str) -> str:
    """Text for a title: no line breaks, no control or direction marks, single spaces."""
    plain = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())


def _refuse(name: str, field: str, message: str) -> NoReturn:
    raise file_error(name, (Problem(field=field, message=" ".join(message.split())),))


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_JSON_BYTES:
        _refuse(name, "", f"has {len(data)} bytes; {MAX_JSON_BYTES} are allowed")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(name, "", f"is not UTF-8 text (byte {error.start}); save it as UTF-8")
    if not text.strip():
        _refuse(name, "", "is empty")
    return text


def _parse_json(text: str, name: str) -> object:
    try:
        tree: object = read_json(text)
    except json.JSONDecodeError as error:
        _refuse(name, f"line {error.lineno}, column {error.colno}", f"is not JSON here: {error.msg}")
    except DuplicateKeyError as error:
        _refuse(name, "", f"gives the same field twice in one place: {', '.join(error.keys[:_MAX_NAMED_KEYS])}")
    except RecursionError:
        _refuse(name, "", "is nested too deep to be a framework")
    except ValueError as error:
        _refuse(name, "", f"contains a value that cannot be read: {error}")
    if _is_too_deep(tree):
        _refuse(name, "", "is nested too deep to be a framework")
    return tree


def _is_too_deep(tree: object) -> bool:
    """Level by level, so that the check itself needs no recursion."""
    level = [tree] if isinstance(tree, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            child for node in level for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]  # fmt: skip
        if not level:
            return False
    return True


class _UniqueKeyLoader(yaml.CSafeLoader):
    """PyYAML's safe loader, but it refuses a repeated key instead of keeping the last."""


def _construct_mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a field's name must be text", key_node.start_mark)
        if key_node.value in found:
            raise yaml.constructor.ConstructorError(None, None, f"{key_node.value!r} twice", key_node.start_mark)
        found[key_node.value] = loader.construct_object(value_node, deep=True)
    return found


_UniqueKeyLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def _parse_yaml(text: str, name: str) -> object:
    if len(text) > MAX_YAML_BYTES:
        _refuse(name, "", f"is YAML of {len(text)} characters; {MAX_YAML_BYTES} are allowed, JSON may be larger")
    try:
        return _construct_yaml(text, name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        _refuse(name, where, f"is not YAML here: {error.problem or error.context}")
    except yaml.YAMLError as error:
        _refuse(name, "", f"is not YAML: {error}")
    except (ValueError, OverflowError) as error:
        _refuse(name, "", f"contains a value that cannot be read: {error}")


def _construct_yaml(text: str, name: str) -> object:
    _check_events(text, name)
    tree: object = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a safe loader, with keys checked
    return tree


def _check_events(text: str, name: str) -> None:
    """Refuse aliases, deep nesting and more than one document before any value is built."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = f"line {event.start_mark.line + 1}" if event.start_mark else ""
        if isinstance(event, yaml.AliasEvent):
            _refuse(name, line, f"uses the YAML alias *{event.anchor}; write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if depth > MAX_DEPTH:
            _refuse(name, line, "is nested too deep to be a framework")
        if documents > 1:
            _refuse(name, line, "starts a second YAML document; one file has one framework")
