"""OCSF findings as Parquet with nested columns, as Amazon Security Lake writes them: one record per row.

An object of Security Lake has the findings that came in during some minutes, not all of a check: it replaces nothing.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO, Final

import msgspec

from policycortex.findings.format import FindingsFormat, ScanExtent, ignoring_file_time
from policycortex.findings.formats.ocsf import build_ocsf_findings
from policycortex.findings.formats.table_parquet import MAGIC, open_parquet
from policycortex.findings.model import ParsedItem, QuarantinedRecord
from policycortex.findings.reading.records import as_event, without_control
from policycortex.findings.reading.strict import (
    MAX_RAW_TEXT_BYTES,
    RejectedRecordError,
    failure_reason,
    has_escaped_control,
)

_BATCH_ROWS: Final = 2000
_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_LEVELS: Final = frozenset(("list", "element", "array", "bag", "array_element", "item"))
"""Names that writers of Parquet put between a list and its elements."""
_LEAVES: Final = frozenset(
    f"{prefix}{name}"
    for prefix, names in {
        "": "class_uid time event_time severity_id severity status_id status status_code status_detail message"
        " risk_details state_id",
        "metadata.": "event_code",
        "metadata.product.": "name uid vendor_name version",
        "metadata.product.feature.": "uid name",
        "finding_info.": "uid title desc types created_time",
        "finding_info.analytic.": "uid name category",
        "finding.": "uid title desc types created_time",
        "finding.remediation.": "desc kb_articles",
        "cloud.": "provider region project_uid",
        "cloud.account.": "uid name",
        "remediation.": "desc references",
        "compliance.": "status status_id status_code control requirements standards status_detail",
        "compliance.checks.": "uid name desc",
        "resources.": "uid name type region namespace labels",
        "resources.group.": "name",
        "resource.": "uid name type region namespace labels",
        "resource.group.": "name",
    }.items()
    for name in names.split()
)
"""Columns that are read; the others, such as whole configurations of resources, stay packed."""
_SUBTREES: Final = ("unmapped", "resources.tags", "resource.tags")
"""Maps, or structures without fixed names."""


def parse_ocsf_parquet(stream: BinaryIO) -> Iterator[ParsedItem]:
    """Findings of all rows. The offset of a bad row is its number and its length is 0.

    Raises InputError for a damaged file, TruncatedFileError for a cut one.
    """
    with open_parquet(stream) as file:
        number = 0
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=_columns(file)):
            text = _json_lines(batch)
            may_have_control = has_escaped_control(text)
            for row in _DECODER.decode_lines(text):
                items = _findings(row, number)
                yield from without_control(items) if may_have_control else items
                number += 1


def _columns(file: Any) -> list[str]:  # noqa: ANN401 - untyped library
    paths = [file.schema.column(index).path for index in range(len(file.schema.names))]
    return [path for path in paths if _is_wanted(path)]


def _is_wanted(path: str) -> bool:
    name = ".".join(part for part in path.split(".") if part not in _LEVELS)
    return name in _LEAVES or name.startswith(_SUBTREES)


def _json_lines(batch: Any) -> bytes:  # noqa: ANN401 - untyped library
    """The rows as lines of JSON: decoding these takes a third of the time of converting each value."""
    import polars as pl  # noqa: PLC0415 - large, and only files that need it load it
    import pyarrow as pa  # noqa: PLC0415

    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type):  # some writers store the standard's milliseconds as timestamps
            milliseconds = batch.column(index).cast(pa.timestamp("ms", field.type.tz), safe=False).cast(pa.int64())
            batch = batch.set_column(index, field.name, milliseconds)
    out = BytesIO()
    pl.DataFrame(pa.Table.from_batches([batch])).write_ndjson(out)
    return out.getvalue()


_build_event: Final = as_event(build_ocsf_findings)
"""Security Lake stores each finding again when it changes, in files of some minutes."""


def _findings(row: dict[str, Any], number: int) -> Iterator[ParsedItem]:
    unmapped = row.get("unmapped")
    if isinstance(unmapped, list):  # a map
        row["unmapped"] = {each["key"]: each["value"] for each in unmapped}
    try:
        findings = tuple(_build_event(row, number))
    except msgspec.ValidationError as error:
        reason = failure_reason(error)
    except RejectedRecordError as error:
        reason = str(error)
    else:
        yield from findings
        return
    text = msgspec.json.encode(row, enc_hook=str).decode(errors="replace")[:MAX_RAW_TEXT_BYTES]
    yield QuarantinedRecord(byte_offset=number, byte_length=0, reason=f"row {number}: {reason}", raw_text=text)


def _recognise(head: bytes) -> int:
    """The head of a Parquet file is followed by its end, which names the columns."""
    if not head.startswith(MAGIC):
        return 0
    return 2 if all(name in head for name in (b"class_uid", b"metadata", b"finding")) else 0


FORMAT: Final = FindingsFormat(
    name="ocsf_parquet",
    title="OCSF Parquet",
    suffixes=(".parquet",),
    recognise=_recognise,
    parse=ignoring_file_time(parse_ocsf_parquet),
    scan_extent=ScanExtent.ACCOUNT_AND_DAY,
    precedence=45,
)
