"""Revisions of the registry form one line: each has a number of its own and follows the one before."""

import re
from pathlib import Path

from policycortex.storage.registry.revision import HEAD

_VERSIONS = Path(__file__).parents[2] / "policycortex" / "storage" / "registry" / "migrations" / "versions"


def test_each_revision_follows_the_one_before() -> None:
    """Also when two were written at the same time: file name, ``revision`` and ``down_revision`` agree up to HEAD."""
    files = sorted(_VERSIONS.glob("[0-9]*.py"))
    numbers = [path.name[:4] for path in files]
    assert numbers == [f"{number:04d}" for number in range(1, len(files) + 1)]
    for path, number in zip(files, numbers, strict=True):
        text = path.read_text(encoding="utf-8")
        before = re.search(r"^down_revision\b.*= (?:\"(\d{4})\"|None)$", text, re.MULTILINE)
        assert f'\nrevision = "{number}"\n' in text
        assert before is not None
        assert (before[1] or "0000") == f"{int(number) - 1:04d}"
    assert numbers[-1] == HEAD
