"""The input formats, and how each is recognised by its content."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final

from policycortex.errors import InputError
from policycortex.findings.formats import asff, checkov, ocsf, sarif, table_csv, table_parquet
from policycortex.findings.model import FindingParser
from policycortex.findings.table import COLUMN_NAMES, REQUIRED_COLUMNS

FORMAT_NAMES: Final = "OCSF or ASFF JSON, SARIF, Checkov JSON, or CSV or Parquet with the columns of docs/inputs.md"

_PARSERS: Final[Mapping[str, FindingParser]] = {
    ocsf.FORMAT: ocsf.parse_ocsf,
    asff.FORMAT: asff.parse_asff,
    table_csv.FORMAT: table_csv.parse_csv,
    table_parquet.FORMAT: table_parquet.parse_parquet,
}

_JSON_SIGNATURES: Final[Mapping[str, tuple[str, ...]]] = {
    ocsf.FORMAT: ("class_uid", "finding_info", "metadata", "severity_id", "type_uid", "activity_id", "status_code"),
    asff.FORMAT: ("SchemaVersion", "ProductArn", "GeneratorId", "AwsAccountId", "RecordState", "Compliance"),
    sarif.FORMAT: ("runs", "tool", "driver", "rules", "results", "ruleId", "\\$schema"),
    checkov.FORMAT: (
        "check_type",
        "passed_checks",
        "failed_checks",
        "check_result",
        "check_id",
        "checkov_version",
        "parsing_errors",
        "resource_count",
    ),
}
"""Keys that together mark a format; two must be in the head, and the format with most of them wins."""

_ENOUGH_KEYS: Final = 2
_ENOUGH_COLUMNS: Final = 2
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"[\0", b"{\0", b"\0[", b"\0{")
_PROWLER_CSV: Final = frozenset(("auth_method", "finding_uid", "check_id", "status_extended"))


def parser_of(name: str, *, written_at: datetime) -> FindingParser:
    """The parser of a format; ``written_at`` is when the file was written, for formats that tell no time."""
    match name:
        case sarif.FORMAT:
            return partial(sarif.parse_sarif, written_at=written_at)
        case checkov.FORMAT:
            return partial(checkov.parse_checkov, written_at=written_at)
        case _:
            return _PARSERS[name]


def recognise_format(head: bytes) -> str | None:
    """The format's name; None if the head (unpacked) does not tell one.

    Raises InputError, to be read behind the file's name, where the head tells what is wrong with the file.
    """
    if head.startswith(table_parquet.MAGIC):
        return table_parquet.FORMAT
    if head.startswith(_UTF16):
        raise InputError("is UTF-16 text: save it as UTF-8")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.fullmatch(rb"\[\s*\]\s*", text):
        raise InputError("is an empty JSON array: it holds no findings")
    if text[:1] in (b"{", b"["):
        return _json_format(text)
    return _csv_format(text)


def _json_format(head: bytes) -> str | None:
    counts = {
        name: sum(re.search(rb'"%b"\s*:' % key.encode(), head) is not None for key in keys)
        for name, keys in _JSON_SIGNATURES.items()
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] >= _ENOUGH_KEYS else None


def _csv_format(head: bytes) -> str | None:
    line, end, _ = head.partition(b"\n")
    header = table_csv.header_of(line) if end else None
    if header is None:
        return None
    names = header[0]
    if set(names) >= _PROWLER_CSV:
        raise InputError("is Prowler's own CSV: load the OCSF JSON of the same scan instead")
    known = COLUMN_NAMES.intersection(names)
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing and len(known) >= _ENOUGH_COLUMNS:
        raise InputError(f"is CSV but lacks the columns {', '.join(missing)}: see docs/inputs.md")
    return None if missing else table_csv.FORMAT
