"""Texts, tokens and ids in the forms OSCAL asks for; what comes from outside stays text in each of them."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from policycortex.rendering.visible_text import show_controls

NAMESPACE: Final = "urn:policycortex:oscal"
"""``ns`` of our own property names in assessment results of version 1.1.2."""

ADDRESS_NAMESPACE: Final = "policycortex://oscal"
"""``ns`` in all other documents: readers such as compliance-trestle for OSCAL 1.1 take addresses with ``://`` only."""

_NS: Final = f'"ns": "{NAMESPACE}"'
_ADDRESS_NS: Final = f'"ns": "{ADDRESS_NAMESPACE}"'

_IDS: Final = UUID("6f5d3a52-7a0c-5d2b-9a53-0d9f3f0f6c11")
_MARKUP: Final = re.compile(r"[\\`*<\[{~^$]|(?<!\w)_|_(?!\w)")
"""What CommonMark and OSCAL's own insertions would act on; ``_`` only where it is not inside a word."""


def make_id(*parts: object) -> str:
    """A version 5 UUID of what it names: the same report says the same ids whenever it is written."""
    return str(uuid5(_IDS, "/".join(str(part) for part in parts)))


def with_address_namespace(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a JSON document with ADDRESS_NAMESPACE. A value cannot match: its quotes are escaped."""
    for piece in pieces:
        yield piece.replace(_NS, _ADDRESS_NS)


def write_node(value: object) -> str:
    """One JSON value on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_array(name: str, nodes: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """A further member of an object, one node a line; nothing without nodes, because OSCAL allows no empty lists."""
    first = next(nodes, None)
    if first is None:
        return
    yield f',\n"{name}": [\n{write_node(first)}'
    for node in nodes:
        yield f",\n{write_node(node)}"
    yield "\n]"


def write_line(text: str) -> str:
    """``text`` as an OSCAL string: one line, no space around it, acting characters shown; "" where nothing is left."""
    return "".join(_shown_space(c) for c in show_controls(text).strip(" "))


def write_markup(text: str) -> str:
    """``text`` as one line of markup in which nothing of it is markup."""
    return _MARKUP.sub(lambda match: f"\\{match[0]}", write_line(text))


def write_prop(name: str, value: object) -> dict[str, Any] | None:
    """One property in our namespace; None for a value that OSCAL cannot hold: nothing, or no text."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = "" if value is None else write_line(str(value))
    return {"name": name, "ns": NAMESPACE, "value": text} if text else None


def write_props(values: Mapping[str, object]) -> list[dict[str, Any]]:
    """Those of ``values`` that OSCAL can hold, in order."""
    props = (write_prop(name, value) for name, value in values.items())
    return [prop for prop in props if prop is not None]


def make_tokens(names: Iterable[str]) -> dict[str, str]:
    """An OSCAL token for each name, all different: ``164.308(a)`` becomes ``_164.308_a``, ``CC6.1`` stays."""
    tokens: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if name in tokens:
            continue
        base = token = _token(name)
        number = 1
        while token in taken:
            number += 1
            token = f"{base}-{number}"
        taken.add(token)
        tokens[name] = token
    return tokens


def _token(name: str) -> str:
    kept = "".join(c if _is_name_character(c) else "_" for c in name)
    kept = re.sub(r"_+", "_", kept).rstrip("_") or "_"
    return kept if unicodedata.category(kept[0])[0] == "L" or kept[0] == "_" else f"_{kept}"


def _is_name_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN" or character in "._-"


def _shown_space(character: str) -> str:
    """White space other than the space itself would break a line or vanish at its ends."""
    return f"[U+{ord(character):04X}]" if character.isspace() and character != " " else character
