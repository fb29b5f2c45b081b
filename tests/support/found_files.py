"""Findings files of tests, where every path must be readable."""

from collections.abc import Iterable
from pathlib import Path

from policycortex.errors import InputError
from policycortex.findings.sources import SourceFile, list_sources


def find_sources(paths: Iterable[str | Path]) -> tuple[SourceFile, ...]:
    """The files that the paths name. Raises InputError with the reason of the first path that has failed."""
    listed = list_sources(paths)
    if listed.failed:
        raise InputError(listed.failed[0].reason)
    return listed.sources
