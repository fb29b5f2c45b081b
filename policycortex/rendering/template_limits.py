"""Limits of one rendering of a custom template: steps, printed characters and seconds.

Steps are iterations of loops, and calls of macros, blocks and templates. The sandbox counts them, for each rendering
by itself.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from jinja2.exceptions import SecurityError

MOST_STEPS: Final = 1_000_000
MOST_CHARACTERS: Final = 50_000_000
MOST_SECONDS: Final = 300.0
MOST_MEMBERS: Final = 1_000_000
"""Characters of a text, or members of nested lists, that one expression may make."""


@dataclass(slots=True, kw_only=True)
class _Use:
    end: float
    steps: int = 0
    characters: int = 0


_ACTIVE: Final[ContextVar[_Use | None]] = ContextVar("template_use", default=None)


@contextmanager
def template_limits() -> Iterator[None]:
    """Count what is rendered in this context."""
    token = _ACTIVE.set(_Use(end=time.monotonic() + MOST_SECONDS))
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def count_step(characters: int = 0) -> None:
    """Count one step that prints so many characters of the template itself. Raises SecurityError above a limit."""
    use = _ACTIVE.get()
    if use is None:
        return
    use.steps += 1
    if use.steps > MOST_STEPS:
        raise SecurityError(f"the template takes more than {MOST_STEPS:,} steps; its loops and macros must do less")
    if time.monotonic() > use.end:
        raise SecurityError(f"the template takes more than {MOST_SECONDS:.0f} s; its loops and macros must do less")
    count_characters(characters)


def count_characters(characters: int) -> None:
    """Count printed characters. Raises SecurityError above the limit."""
    use = _ACTIVE.get()
    if use is None:
        return
    use.characters += characters
    if use.characters > MOST_CHARACTERS:
        raise SecurityError(f"the template prints more than {MOST_CHARACTERS:,} characters")


def check_size(value: object) -> None:
    """Raises SecurityError if the text, or the lists and mappings within each other, are larger than MOST_MEMBERS."""
    if isinstance(value, str):
        count = len(value)
    else:
        count, waiting = 0, [value]
        while waiting and count <= MOST_MEMBERS:
            members = waiting.pop()
            if isinstance(members, Mapping):
                members = list(members.values())
            if isinstance(members, list | tuple | set | frozenset):
                count += len(members)
                waiting += [
                    member for member in members if isinstance(member, list | tuple | set | frozenset | Mapping)
                ]
    if count > MOST_MEMBERS:
        raise SecurityError(f"an expression of the template makes more than {MOST_MEMBERS:,} characters or members")
