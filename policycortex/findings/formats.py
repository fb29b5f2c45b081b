"""The input formats, and how each is recognised by its content."""

import re
from collections.abc import Mapping
from typing import Final

from policycortex.errors import InputError
from policycortex.findings import ocsf
from policycortex.findings.model import FindingParser

PARSERS: Final[Mapping[str, FindingParser]] = {
    ocsf.FORMAT: ocsf.parse_ocsf,
}
"""Format name to parser."""

FORMAT_NAMES: Final = "OCSF or ASFF JSON, SARIF, Checkov JSON, or CSV or Parquet with the columns of docs/inputs.md"

_JSON_SIGNATURES: Final[Mapping[str, tuple[str, ...]]] = {
    ocsf.FORMAT: ("class_uid", "finding_info", "metadata", "severity_id", "type_uid", "activity_id", "status_code"),
}
"""Keys that together mark a format; two must be in the head, and the format with most of them wins."""

_ENOUGH_KEYS: Final = 2
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"[\0", b"{\0", b"\0[", b"\0{")


def recognise_format(head: bytes) -> str | None:
    """The format's name; None if the head (unpacked) does not tell one. Raises InputError for UTF-16."""
    if head.startswith(_UTF16):
        raise InputError("is UTF-16 text: save it as UTF-8")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.fullmatch(rb"\[\s*\]\s*", text):
        raise InputError("is an empty JSON array: it holds no findings")
    if text[:1] in (b"{", b"["):
        return _json_format(text)
    return None


def _json_format(head: bytes) -> str | None:
    counts = {
        name: sum(re.search(rb'"%b"\s*:' % key.encode(), head) is not None for key in keys)
        for name, keys in _JSON_SIGNATURES.items()
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] >= _ENOUGH_KEYS else None
