"""Findings files of tests, where every path must be readable."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from policycortex.errors import InputError
from policycortex.findings.model import ParsedItem
from policycortex.findings.sources import SourceFile, detect_parser, list_sources


def find_sources(paths: Iterable[str | Path]) -> tuple[SourceFile, ...]:
    """The files that the paths name. Raises InputError with the reason of the first path that has failed."""
    listed = list_sources(paths)
    if listed.failed:
        raise InputError(listed.failed[0].reason)
    return listed.sources


def read_findings(source: SourceFile) -> Iterator[ParsedItem]:
    """Every record of the file, good or bad, in order. Raises as the parser of its format."""
    _, parser = detect_parser(source)
    with source.open() as stream:
        yield from parser(stream)
