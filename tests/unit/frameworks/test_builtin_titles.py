"""Titles of copyrighted standards are our own words: none is in the scanner's files, whole or as its core."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks

_OWN_WORDS = (
    "soc2", "iso27001", "iso27001_clauses", "pci_dss", "cis_aws", "cis_aws_7", "cis_azure", "cis_gcp",
    "c5", "csa_ccm",
)  # fmt: skip


def plain(text: str) -> str:
    """Letters and digits only, in lower case."""
    return re.sub(r"[^a-z0-9]+", " ", text.casefold()).strip()


def texts(node: object) -> Iterator[str]:
    """Every text of a tree, except ids and check names, which are facts."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for child in node:
            yield from texts(child)
    elif isinstance(node, dict):
        for key, child in node.items():
            if key not in ("Id", "id", "Checks", "checks", "Section", "SubSection"):
                yield from texts(child)


@pytest.fixture(scope="module")
def theirs(shared: Path) -> frozenset[str]:
    """Every title, name and description of the scanner's files, also without the CIS habit of "Ensure that"."""
    found: set[str] = set()
    for path in (shared / "frameworks").glob("*.json"):
        if not path.name.startswith(("hipaa", "nist")):
            tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            for text in texts(tree.get("Requirements") or tree.get("requirements")):
                found |= {plain(text), re.sub(r"^ensure (that )?", "", plain(text)), plain(text).partition(" ")[2]}
    return frozenset(found)


@pytest.mark.parametrize("framework_id", _OWN_WORDS)
def test_no_title_is_the_standards_own(framework_id: str, theirs: frozenset[str]) -> None:
    """Compared without case and punctuation."""
    assert len(theirs) > 1000
    own = {plain(r.title) for r in load_builtin_frameworks()[framework_id].requirements}
    assert not own & theirs
