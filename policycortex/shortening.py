"""The only rule by which a text that people read is shortened: after a word, with a mark. Limits are the caller's.

Texts that programs compare (names, digests, answers of servers in a receipt) are not shortened here.
"""

import re
from typing import Final

MARK: Final = "…"
_SPACE_BEFORE_WORD: Final = re.compile(r"\s(?=\S*\Z)")
_AFTER_SEPARATOR: Final = re.compile(r"[/:_.,;\-](?=[^/:_.,;\-]*\Z)")
_LOOSE_END: Final = " \t\r\n.,;:–—-([{/"
"""Characters that say nothing at the end of a shortened text."""
_JOINER: Final = "\u200d"
_CONTINUES: Final = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U0001f3fb-\U0001f3ff]"
)
"""Marks that belong to the character before them."""


def shorten(text: str, limit: int, note: str = "") -> str:
    """``text`` when it has at most ``limit`` characters, else its first words with ``…``, and ``note`` after them.

    The words and the mark have at most ``limit`` characters. ``limit`` is at least 1.
    """
    if len(text) <= limit:
        return text
    head = first_words(text, limit - len(MARK))
    return f"{head.rstrip(_LOOSE_END) or head}{MARK}{note}"


def first_words(text: str, limit: int) -> str:
    """The longest start of ``text`` within ``limit`` characters that ends after a word.

    An identifier that is longer than half of the limit ends after one of its separators, and a word without one (a
    digest, a text in a language without spaces) within.
    """
    if len(text) <= limit:
        return text
    head = text[:limit]
    if not _is_within_word(text, limit):
        return head
    for end in (_SPACE_BEFORE_WORD, _AFTER_SEPARATOR):
        found = end.search(head)
        if found is not None and found.end() > limit // 2:
            return head[: found.end()]
    return _without_broken_character(text, head)


def _is_within_word(text: str, place: int) -> bool:
    return place > 0 and not text[place - 1].isspace() and not text[place].isspace()


def _without_broken_character(text: str, head: str) -> str:
    """``head`` without a letter whose combining marks it would lose."""
    end = len(head)
    while end > 1 and (_CONTINUES.match(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return head[:end]
