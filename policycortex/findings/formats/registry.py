"""Finds the input formats: every module of this package that defines ``FORMAT`` is one. No format is named here."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from itertools import islice, pairwise
from pkgutil import iter_modules
from typing import Final

from policycortex.errors import ConfigurationError, InputError
from policycortex.findings import formats as package
from policycortex.findings.format import FindingsFormat
from policycortex.findings.known_files import SKIPPED_TOOLS, KnownFile, recognise_known_file
from policycortex.findings.reading.csv_rows import without_separator_line

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_JSON_LINE: Final = re.compile(rb"^[{\[](?=[\s{\[\"])", re.MULTILINE)
_MAX_LINES_TRIED: Final = 3


class UnsupportedFileError(InputError):
    """A file of a scanner that is known by name but not read."""

    def __init__(self, known: KnownFile) -> None:
        super().__init__(f"is {known.tool}, which is not read: {known.advice}")
        self.is_skipped = known.tool in SKIPPED_TOOLS
        """True for a file that repeats another one of the same scan."""


@cache
def list_formats() -> tuple[FindingsFormat, ...]:
    """All formats, the highest precedence first. Raises ConfigurationError if two of them conflict."""
    names = sorted(module.name for module in iter_modules(package.__path__))
    modules = [import_module(f"{package.__name__}.{name}") for name in names]
    found = [module.FORMAT for module in modules if isinstance(getattr(module, "FORMAT", None), FindingsFormat)]
    return order_formats(found)


def order_formats(formats: Iterable[FindingsFormat]) -> tuple[FindingsFormat, ...]:
    """The formats, the highest precedence first.

    Raises ConfigurationError for two formats of one name or precedence, and where scan keys contradict precedence.
    """
    ordered = sorted(formats, key=lambda each: (-each.precedence, each.name))
    for name, count in Counter(each.name for each in ordered).items():
        if count > 1:
            raise ConfigurationError(f"two findings formats are named {name!r}: rename one of them")
    for higher, lower in pairwise(ordered):
        if higher.precedence == lower.precedence:
            raise ConfigurationError(
                f"the findings formats {higher.name!r} and {lower.name!r} have the same precedence,"
                f" {higher.precedence}: give the new one another"
            )
        if not f"{higher.key_word}/" > f"{lower.key_word}/":
            raise ConfigurationError(
                f"the findings format {higher.name!r} has a higher precedence than {lower.name!r}, but its scan keys"
                f" ({higher.key_word!r}) sort before {lower.key_word!r}: give the new one a scan_key_word that sorts"
                " as its precedence does"
            )
    return tuple(ordered)


def find_format(name: str) -> FindingsFormat:
    """The format of this name. Raises ConfigurationError if there is none."""
    for each in list_formats():
        if each.name == name:
            return each
    known = ", ".join(sorted(each.name for each in list_formats()))
    raise ConfigurationError(f"there is no findings format {name!r}: the formats are {known}")


def format_titles() -> str:
    """The titles of all formats for messages: ``Checkov JSON, OCSF JSON or SARIF``."""
    *first, last = sorted((each.title for each in list_formats()), key=str.casefold)
    return f"{', '.join(first)} or {last}" if first else last


def file_suffixes() -> frozenset[str]:
    """Name endings of all formats."""
    return frozenset(suffix for each in list_formats() for suffix in each.suffixes)


def recognise_format(head: bytes) -> FindingsFormat | None:
    """The format of a file by its first bytes (unpacked); None if they show none.

    Raises InputError, phrased to follow the file's name, where the head shows what is wrong with the file.
    """
    text = without_separator_line(head.removeprefix(_BYTE_ORDER_MARK))
    counts: dict[str, int] = {}
    problems: list[InputError] = []
    for each in list_formats():
        try:
            counts[each.name] = each.recognise(text)
        except InputError as error:
            problems.append(error)
    best = max(counts, key=lambda name: counts[name], default="")
    if counts.get(best):
        return find_format(best)
    if known := recognise_known_file(text):
        raise UnsupportedFileError(known)
    if problems:
        raise problems[0]
    _refuse_text_before(text)
    return None


def _refuse_text_before(head: bytes) -> None:
    """Raises InputError if findings follow other text: a redirected command also writes its messages to the file."""
    for found in islice(_JSON_LINE.finditer(head, 1), _MAX_LINES_TRIED):
        rest = head[found.start() :]
        if any(each.recognise(rest) for each in list_formats()):
            lines = head.count(b"\n", 0, found.start())
            raise InputError(f"has other text before its JSON: remove the first {lines} line{'s' * (lines > 1)}")
