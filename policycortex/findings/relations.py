"""Parses requirements as Security Hub and Prowler write them in ASFF and in OCSF's Compliance Finding."""

import re
from collections.abc import Sequence
from typing import Final

from policycortex.names import ANY_FRAMEWORK

_SLASHED: Final = re.compile(r"(?P<key>[^/]+?)/(?P<ids>[^/\s]+)\Z")
_NIST: Final = re.compile(r"(?P<key>NIST\.[^\s]+)\s+(?P<ids>\S.*)\Z")
_CUT_LENGTH: Final = 63
"""Prowler cuts each related requirement to this many characters, so the last id of such a text may be incomplete."""


def parse_relations(texts: Sequence[str], standards: Sequence[str]) -> dict[str, list[str]]:
    """Framework key to requirement ids, for ``RelatedRequirements`` and ``compliance.requirements``.

    Spellings: ``SOC2 cc_6_1 cc_6_6`` (Prowler, its keys listed in ``standards``), ``PCI DSS v4.0.1/1.3.1`` and
    ``NIST.800-53.r5 AC-2(1)`` (Security Hub). An id without a framework belongs to each of ``standards`` that is not a
    path; if there is none, to ANY_FRAMEWORK.
    """
    relations: dict[str, list[str]] = {}
    by_length = sorted((key for key in standards if "/" not in key), key=len, reverse=True)
    for text in texts:
        for key, ids in _parts(text.strip(), by_length):
            relations.setdefault(key, []).extend(ids)
    return relations


def _parts(text: str, standards: Sequence[str]) -> list[tuple[str, list[str]]]:
    for key in standards:
        if text.startswith(f"{key} "):
            ids = text[len(key) :].split()
            return [(key, ids[:-1] if len(text) >= _CUT_LENGTH and len(ids) > 1 else ids)]
    if found := _NIST.match(text) or _SLASHED.match(text):
        return [(found["key"].strip(), found["ids"].split())]
    return [(key, [text]) for key in standards or (ANY_FRAMEWORK,)] if text else []
