"""Hostile rows and files of every CSV format, and that reading many rows at once gives what single rows give."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO, StringIO

import pytest

from policycortex.errors import TruncatedFileError
from policycortex.findings.formats.registry import find_format, recognise_format
from policycortex.findings.model import Finding, ParsedItem, QuarantinedRecord
from policycortex.findings.reading import csv_batches, csv_rows

WRITTEN_AT = datetime(2026, 11, 24, tzinfo=UTC)


def _powerpipe(number: int) -> dict[str, str]:
    return {
        "group_id": "benchmark.s3", "title": "S3", "description": "a, b", "control_id": "control.s3",
        "control_title": "Closed", "control_description": "", "reason": f"Bucket {number} is public.",
        "resource": f"bucket-{number}", "status": "alarm", "severity": "high", "region": "eu-west-1",
    }  # fmt: skip


def _prowler(number: int) -> dict[str, str]:
    return {
        "AUTH_METHOD": "profile", "TIMESTAMP": "2026-11-23 10:00:00", "ACCOUNT_UID": "111122223333",
        "FINDING_UID": f"f{number}", "PROVIDER": "aws", "CHECK_ID": "c1", "CHECK_TITLE": "Closed", "STATUS": "FAIL",
        "STATUS_EXTENDED": f"Bucket {number} is public.", "SEVERITY": "high", "RESOURCE_UID": f"bucket-{number}",
        "REMEDIATION_CODE_TERRAFORM": 'resource "x" {\n  a = 1\n}', "COMPLIANCE": "SOC2: cc_6_1 | CIS-1.4: 1.2",
    }  # fmt: skip


def _defender(number: int) -> dict[str, str]:
    return {
        "exportedTimestamp": "2026-11-23T10:00:00Z", "subscriptionId": "s", "resourceId": f"net-{number}",
        "recommendationName": "r1", "description": "One\ntwo", "severity": "Low", "state": "Unhealthy",
    }  # fmt: skip


def _table(number: int) -> dict[str, str]:
    return {
        "check_id": "c1", "status": "FAIL", "severity": "high", "observed_at": "2026-11-23T10:00:00Z",
        "resource_uid": f"bucket-{number}", "description": "One,\ntwo", "title": "Closed",
    }  # fmt: skip


FILES = {"powerpipe_csv": _powerpipe, "prowler_csv": _prowler, "defender_csv": _defender, "csv": _table}
FORMATS = pytest.mark.parametrize("name", FILES)


def lines_of(name: str, numbers: Iterator[int] | range) -> tuple[str, list[str]]:
    """The header and the rows as text, each with its line end."""
    out = StringIO()
    writer = csv.DictWriter(out, list(FILES[name](0)), lineterminator="\n")
    writer.writeheader()
    header = out.getvalue()
    rows = []
    for number in numbers:
        out.seek(0)
        out.truncate()
        writer.writerow(FILES[name](number))
        rows.append(out.getvalue())
    return header, rows


def parsed(name: str, content: str | bytes) -> list[ParsedItem]:
    """All items of a file."""
    raw = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    return list(find_format(name).parse(BytesIO(raw), written_at=WRITTEN_AT))


def kept_and_bad(items: list[ParsedItem]) -> tuple[list[str], list[QuarantinedRecord]]:
    """Resources of the kept findings, and the quarantine."""
    return (
        [each.resource_uid for each in items if isinstance(each, Finding)],
        [each for each in items if isinstance(each, QuarantinedRecord)],
    )


@FORMATS
def test_a_file_is_recognised_as_its_format(name: str) -> None:
    """Among all formats, by its header."""
    header, rows = lines_of(name, range(1))
    found = recognise_format((header + rows[0]).encode())
    assert found is not None
    assert found.name == name


@FORMATS
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("a,b\n", "the row has 2 cells"),
        ("," * 40 + "\n", "the row has 41 cells"),
        ("\udcff" + "," * 40 + "\n", "invalid UTF-8: byte 0xff"),
        ('"stray' + "," * 40 + "\n", "not a CSV row"),
        (",,\n", "the row has 3 cells"),
    ],
)
def test_a_damaged_row_is_quarantined_alone(name: str, bad: str, reason: str) -> None:
    """First, in the middle and last: with its place and reason; no neighbour is harmed."""
    header, rows = lines_of(name, range(6))
    content = "".join((header, bad, *rows[:3], bad, *rows[3:], bad))
    kept, found = kept_and_bad(parsed(name, content))
    assert len(kept) == 6
    assert [each.reason.startswith(reason) for each in found] == [True] * 3
    assert [each.byte_offset for each in found] == [
        len(text.encode(errors="surrogateescape"))
        for text in (header, "".join((header, bad, *rows[:3])), content[: -len(bad)])
    ]


@FORMATS
def test_a_row_without_a_status_or_check_is_quarantined(name: str) -> None:
    """The reason names the column."""
    header, rows = lines_of(name, range(3))
    for value in ("FAIL", "Unhealthy", "alarm"):
        rows[1] = rows[1].replace(f",{value}", ",NO_SUCH_STATUS")
    kept, bad = kept_and_bad(parsed(name, header + "".join(rows)))
    assert len(kept) == 2
    assert "NO_SUCH_STATUS" in bad[0].reason


@FORMATS
@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x07"])
def test_control_characters_are_replaced(name: str, character: str) -> None:
    """NUL bytes and escape sequences are kept out of reports; the row is kept."""
    header, rows = lines_of(name, range(3))
    rows[1] = rows[1].replace("bucket-1", f"bucket-1{character}").replace("net-1", f"net-1{character}")
    items = parsed(name, header + "".join(rows))
    kept, bad = kept_and_bad(items)
    assert (len(kept), bad) == (3, [])
    assert not any(character in str(each) for each in items if isinstance(each, Finding))


@FORMATS
def test_a_file_with_only_a_header_gives_nothing(name: str) -> None:
    """No error and no finding."""
    header, _ = lines_of(name, range(1))
    assert parsed(name, header) == []


@FORMATS
def test_a_truncated_file_fails(name: str) -> None:
    """The last row ends in the middle; a last row without line end is complete."""
    header, rows = lines_of(name, range(3))
    with pytest.raises(TruncatedFileError, match="get a complete copy"):
        parsed(name, header + "".join(rows)[:-20].rpartition(",")[0])
    assert len(kept_and_bad(parsed(name, (header + "".join(rows)).rstrip("\n")))[0]) == 3


@FORMATS
def test_a_second_file_after_the_first_is_read(name: str) -> None:
    """Its header is skipped; empty lines are, too."""
    header, rows = lines_of(name, range(4))
    kept, bad = kept_and_bad(parsed(name, "".join((header, *rows[:2], "\n", header, *rows[2:]))))
    assert (len(kept), bad) == (4, [])


@FORMATS
@pytest.mark.parametrize("seed", range(6))
def test_many_rows_at_once_are_the_same_as_single_rows(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """600 rows with damage at places that depend on the seed, in parts of 3 kB, against no parts at all."""
    header, rows = lines_of(name, range(600))
    for place in range(seed, 600, 97):
        rows[place] += ("a,b\n", 'x"y,\n', '"open\n', "\n", header, ",\udcff\n")[(place + seed) % 6]
    content = header + "".join(rows)
    for module in (csv_batches, csv_rows):
        monkeypatch.setattr(module, "BATCH_BYTES", 3000)
    at_once = parsed(name, content)
    monkeypatch.setattr(csv_rows, "_take_chunk", lambda _: b"")
    singly = parsed(name, content)
    assert at_once == singly
    assert len(kept_and_bad(singly)[0]) == 600
