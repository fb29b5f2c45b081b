"""The product's own columns, as CSV and as Parquet."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.formats.table_csv import parse_csv
from policycortex.findings.formats.table_parquet import parse_parquet
from policycortex.findings.table import COLUMN_NAMES
from policycortex.findings.table import COLUMNS as COLUMNS_DOCUMENTED
from tests.unit.findings.ocsf_records import parsed

HEADER = "check_id,status,severity,observed_at,muted,provider,account_id,resource_uid,environment,requirements,title\n"
ROW = "c1,FAIL,high,2026-11-23T15:55:52Z,false,AWS,111122223333,arn:1,prod,soc2:CC6.1; hipaa:164.312(b)|CC7.2,Title\n"


def test_a_row_is_a_finding() -> None:
    """Requirements with and without their framework; an id is made if there is none."""
    (finding,), bad = parsed(parse_csv, (HEADER + ROW).encode())
    assert bad == []
    assert (finding.check_id, finding.status, finding.severity) == ("c1", "FAIL", "high")
    assert (finding.provider, finding.environment_tag, finding.source) == ("aws", "production", "csv")
    assert finding.finding_uid == "c1:111122223333::arn:1"
    assert json.loads(finding.relations) == {"soc2": ["CC6.1"], "hipaa": ["164.312(b)"], "*": ["CC7.2"]}


def test_the_columns_of_a_report_are_all_known() -> None:
    """A report's table can be imported unchanged."""
    assert set(FINDING_COLUMNS) <= COLUMN_NAMES


def test_a_report_table_comes_back_as_it_was() -> None:
    """Including line ends, quotes and guarded formulas in texts."""
    cells = {
        "finding_uid": "u1", "check_id": "c1", "status": "FAIL", "severity": "low", "muted": "true", "waived": "false",
        "title": '"\'=1+1, ""quoted""\nand more"', "provider": "gcp", "account_id": "p", "region": "r",
        "environment": "unknown", "service": "IAM", "resource_uid": "'=cmd", "resource_type": "t",
        "observed_at": "2026-11-23T15:55:52.447Z", "requirements": "CC6.1; CC6.6", "remediation": "",
        "number": "F-001", "status_detail": "r is open", "resource_name": "", "account_name": "Shop",
        "first_failed_on": "2026-11-02", "source": "prowler", "source_version": "5.30.0", "scan": "s.json",
        "source_file": "s.json", "source_file_sha256": "ab",
    }  # fmt: skip
    content = ",".join(FINDING_COLUMNS) + "\r\n" + ",".join(cells[name] for name in FINDING_COLUMNS) + "\r\n"
    (finding,), bad = parsed(parse_csv, b"\xef\xbb\xbf" + content.encode())
    assert bad == []
    assert finding.title == '=1+1, "quoted"\nand more'
    assert finding.resource_uid == "=cmd"
    assert (finding.status_detail, finding.account_name, finding.source) == ("r is open", "Shop", "prowler")
    assert (finding.is_muted, finding.environment_tag, finding.service) == (True, None, "iam")
    assert finding.observed_at == datetime(2026, 11, 23, 15, 55, 52, 447000, tzinfo=UTC)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_any_order_of_columns(delimiter: str) -> None:
    """Recognised by the header; unknown columns are ignored."""
    content = delimiter.join(["Severity", "status", "extra", "observed_at", "check_id"]) + "\n"
    content += delimiter.join(["LOW", "pass", "x", "2026-11-23T15:55:52+01:00", "c1"]) + "\n"
    (finding,), _ = parsed(parse_csv, content.encode())
    assert (finding.severity, finding.status, finding.observed_at.hour) == ("low", "PASS", 14)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (ROW.replace("FAIL", "BAD"), "unknown status 'BAD': expected PASS, FAIL or MANUAL"),
        (ROW.replace("high", "BAD"), None),
        (ROW.replace("c1", "", 1), "missing value in column check_id"),
        (ROW.replace("false", "perhaps"), None),
        (ROW.replace("15:55:52Z", "15:55:52"), "observed_at '2026-11-23T15:55:52' has no offset from UTC"),
        (ROW.replace(",prod", ""), "the row has 10 cells, the header 11"),
        (ROW.replace("Title", "Ti\x01tle"), None),
        (ROW.replace("Title", 'Ti"tle'), None),
        (ROW.replace("Title", '"Title'), "not a CSV row: unexpected end of data"),
        (ROW.replace("Title", '"Ti"tle"'), "not a CSV row: ',' expected after '\"'"),
    ],
)
def test_a_bad_row_is_quarantined_and_loses_no_other(row: str, expected: str | None) -> None:
    """Even with a stray quote, which would hide the rows after it; its offset is the row's first byte."""
    good, bad = parsed(parse_csv, (HEADER + ROW + row + ROW * 20).encode())
    if expected is None:  # optional columns, and a quote inside an unquoted cell, which is only a character
        assert (len(good), bad) == (22, [])
        return
    assert len(good) == 21
    assert [(each.reason, each.byte_offset) for each in bad] == [(expected, len(HEADER + ROW))]


def test_invalid_utf8_and_rows_that_are_too_long_are_quarantined() -> None:
    """A row of 10 MB is not read."""
    bad_bytes = ROW.encode().replace(b"Title", b"T\xfftle")
    large = ROW.encode().replace(b"Title", b"x" * 10_000_000)
    good, bad = parsed(parse_csv, HEADER.encode() + bad_bytes + ROW.encode())
    assert (len(good), bad[0].reason[:26]) == (1, "invalid UTF-8: byte 0xff a")
    good, bad = parsed(parse_csv, HEADER.encode() + large + ROW.encode())
    assert len(good) == 1
    assert "too large" in bad[0].reason


def test_a_cut_table_is_reported() -> None:
    """The last row has no end and too few cells."""
    with pytest.raises(TruncatedFileError):
        list(parse_csv(BytesIO((HEADER + ROW + ROW[:40]).encode())))


@pytest.mark.parametrize("header", ["check_id,status\n", HEADER.replace("title", "status")])
def test_a_header_without_required_columns_is_refused(header: str) -> None:
    """Missing and repeated columns are named."""
    with pytest.raises(InputError, match=r"lacks the columns severity, observed_at|more than once"):
        list(parse_csv(BytesIO(header.encode())))


def test_a_header_with_100_000_repeated_columns_is_refused() -> None:
    """In linear time: a count per column would compare 10 billion names."""
    header = HEADER.replace("title", ",".join(["muted"] * 100_000))
    with pytest.raises(InputError, match="the table has the columns muted more than once"):
        list(parse_csv(BytesIO(header.encode())))


def parquet(**columns: list[Any]) -> bytes:
    """A Parquet file of the columns."""
    buffer = BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


COLUMNS: dict[str, list[Any]] = {
    "check_id": ["c1", "c2", "c3"],
    "status": ["FAIL", "PASS", "ODD"],
    "severity": ["high", "low", "low"],
    "observed_at": [datetime(2026, 11, 23, 15, 55, 52, tzinfo=UTC)] * 3,
    "muted": [True, False, None],
    "requirements": [["soc2:CC6.1"], [], None],
    "tags": ['{"env": "qa"}', None, ""],
}


def test_parquet_may_have_typed_columns() -> None:
    """Booleans, times and lists; a bad row is named by its number."""
    good, bad = parsed(parse_parquet, parquet(**COLUMNS))
    assert [(each.status, each.is_muted) for each in good] == [("FAIL", True), ("PASS", False)]
    assert good[0].relations == '{"soc2":["CC6.1"]}'
    assert (good[0].environment_tag, good[0].observed_at) == ("test", COLUMNS["observed_at"][0])
    assert [each.reason for each in bad] == ["row 2: unknown status 'ODD': expected PASS, FAIL or MANUAL"]


def test_bad_parquet_files_are_refused() -> None:
    """Cut, damaged, or without a required column."""
    content = parquet(**COLUMNS)
    with pytest.raises(TruncatedFileError, match="has no end"):
        list(parse_parquet(BytesIO(content[:-100])))
    with pytest.raises(InputError, match="damaged"):
        list(parse_parquet(BytesIO(content[:40] + b"\0" * (len(content) - 60) + content[-20:])))
    with pytest.raises(InputError, match="lacks the columns status"):
        list(parse_parquet(BytesIO(parquet(**{k: v for k, v in COLUMNS.items() if k != "status"}))))


def test_every_column_is_documented_and_the_example_of_the_documentation_is_read() -> None:
    """docs/inputs.md has a row for each column, word for word, and its example is one finding."""
    text = (Path(__file__).parents[3] / "docs/inputs.md").read_text(encoding="utf-8")
    for column in COLUMNS_DOCUMENTED:
        needed = "yes" if column.is_required else ""
        meaning = column.meaning.replace("|", "\\|")
        assert f"| `{column.name}` | {needed} | {meaning} |" in text
    example = text.split("```csv\n")[1].split("```")[0]
    good, bad = parsed(parse_csv, example.encode())
    assert (len(good), bad) == (1, [])
