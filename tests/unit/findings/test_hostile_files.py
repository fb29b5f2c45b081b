"""Hostile records and files of every JSON format: what becomes of each, and that no neighbour is harmed."""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from policycortex.errors import TruncatedFileError
from policycortex.findings.formats.registry import find_format, recognise_format
from policycortex.findings.model import CleanScan, Finding, NoteKind, ParsedItem, QuarantinedRecord, ScanNote
from policycortex.findings.reading import nested, splitter
from tests.support.samples.tool_files import JSON_FILES, Record, ToolFile

WRITTEN_AT = datetime(2026, 11, 24, tzinfo=UTC)
FORMATS = pytest.mark.parametrize("name", JSON_FILES)
DELETED = object()
UNCLEAR_STATUSES = [
    (name, value)
    for name, tool in JSON_FILES.items()
    for value in (DELETED, None, "", "NO_SUCH_STATUS", {"a": 1}, ["FAIL"])
    if value not in (DELETED, None, "") or not tool.has_status_default
]
WRONG_IDENTITIES = [
    (name, value)
    for name, tool in JSON_FILES.items()
    for value in (DELETED, None, {"a": 1}, [["a"]])
    if value not in (DELETED, None) or tool.identity != tool.status or not tool.has_status_default
]
NO_RECORDS = [
    (name, text)
    for name in JSON_FILES
    for text in ("null", "17", '"a, {b}"', "[1, 2]", "{}", '{"a": 1}')
    if name != "sarif" or not text.startswith("{")
]
"""SARIF requires no more of a result than a message."""


def parsed(name: str, content: bytes) -> list[ParsedItem]:
    """All items of a file."""
    return list(find_format(name.split(maxsplit=1)[0]).parse(BytesIO(content), written_at=WRITTEN_AT))


def changed(record: Record, path: str, value: object) -> Record:
    """The record with another value at a dotted path; DELETED removes the key."""
    copy: Record = json.loads(json.dumps(record))
    *parents, key = path.split(".")
    place: Any = copy
    for each in parents:
        place = place[each]
    if value is DELETED:
        del place[key]
    else:
        place[key] = value
    return copy


def among_good_ones(tool: ToolFile, text: str) -> bytes:
    """A file with the record between two good ones before and two after it."""
    good = [json.dumps(tool.record(number)) for number in (1, 2, 4, 5)]
    return tool.wrap([*good[:2], text, *good[2:]]).encode(errors="surrogateescape")


def outcome(name: str, text: str) -> tuple[list[Finding], list[QuarantinedRecord], list[ScanNote]]:
    """Findings, quarantine and notes of a file with the record among good ones; the good ones are all kept."""
    items = parsed(name, among_good_ones(JSON_FILES[name], text))
    findings = [each for each in items if isinstance(each, Finding)]
    bad = [each for each in items if isinstance(each, QuarantinedRecord)]
    assert [each.record_no for each in findings if each.record_no != 2] == [0, 1, 3, 4]
    assert len(findings) + len(bad) == 5, "nothing is lost in silence, nothing is read twice"
    return findings, bad, [each for each in items if isinstance(each, ScanNote)]


@FORMATS
def test_a_file_is_recognised_as_its_format(name: str) -> None:
    """Among all formats, by its content."""
    tool = JSON_FILES[name]
    found = recognise_format(tool.wrap([json.dumps(tool.record(1))]).encode())
    assert found is not None
    assert found.name == name.split(maxsplit=1)[0]


@FORMATS
@pytest.mark.parametrize("value", [DELETED, None, "", {"a": [1]}, [1], 7, True])
def test_an_optional_field_never_costs_the_finding(name: str, value: object) -> None:
    """Missing, null, empty or of another type: the finding is kept; what cannot be read is reported."""
    tool = JSON_FILES[name]
    findings, bad, notes = outcome(name, json.dumps(changed(tool.record(3), tool.optional, value)))
    assert (len(findings), bad) == (5, [])
    assert [each.kind for each in notes if each.kind is not NoteKind.ASSUMED_VALUE] == (
        [NoteKind.DROPPED_FIELD] if value in ({"a": [1]}, [1]) or value is True else []
    )


@FORMATS
@pytest.mark.parametrize("value", ["a\x00b", "a\x1b[31mb", "a\x7fb"])
def test_control_characters_are_replaced(name: str, value: str) -> None:
    """Escaped control characters, NUL among them, never reach a report."""
    tool = JSON_FILES[name]
    findings, bad, _ = outcome(name, json.dumps(changed(tool.record(3), tool.optional, value)))
    assert (len(findings), bad) == (5, [])
    assert not any(character in str(each) for each in findings for character in ("\x00", "\x1b"))


@pytest.mark.parametrize(("name", "value"), UNCLEAR_STATUSES)
def test_a_finding_without_a_clear_status_is_quarantined(name: str, value: object) -> None:
    """Never a guess, and the reason names the field; formats whose standard has a default use it."""
    tool = JSON_FILES[name]
    findings, bad, _ = outcome(name, json.dumps(changed(tool.record(3), tool.status, value)))
    assert len(findings) == 4
    assert tool.status.rpartition(".")[2].casefold() in bad[0].reason.casefold()


@pytest.mark.parametrize(("name", "value"), WRONG_IDENTITIES)
def test_a_finding_without_a_check_is_quarantined(name: str, value: object) -> None:
    """The reason names the key."""
    tool = JSON_FILES[name]
    record = tool.record(3)
    record.pop("AVDID", None)
    findings, bad, _ = outcome(name, json.dumps(changed(record, tool.identity, value)))
    assert len(findings) == 4
    assert tool.identity.rpartition(".")[2] in bad[0].reason


@FORMATS
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("{", '{"twice": 1, "twice": 2, ', "duplicate key 'twice'"),
        ("{", '{"number": NaN, ', "NaN is not a JSON value"),
        ("{", '{"text": "a\x01b", ', "control character 0x01"),
        ("{", '{"text": "a\x00b", ', "control character 0x00"),
        ("{", '{"text": "\udcff", ', "invalid UTF-8: byte 0xff"),
        ("{", '{"number": 1e999, ', "invalid number"),
        ("{", '{"deep": ' + "[" * 5000 + "]" * 5000 + ", ", "nested too deeply"),
        ("{", '{"text": "' + "x" * 5_000_000 + '", ', "too large"),
        ("{", "{ no key, ", "invalid JSON"),
    ],
)
def test_a_damaged_record_is_quarantined_alone(name: str, old: str, new: str, reason: str) -> None:
    """With its reason; its neighbours are kept."""
    text = json.dumps(JSON_FILES[name].record(3)).replace(old, new, 1)
    findings, bad, _ = outcome(name, text)
    assert len(findings) == 4
    assert reason in bad[0].reason


@pytest.mark.parametrize(("name", "text"), NO_RECORDS)
def test_a_value_that_is_no_record_is_quarantined(name: str, text: str) -> None:
    """Among records, any other value is reported with a reason."""
    findings, bad, _ = outcome(name, text)
    assert len(findings) == 4
    assert bad[0].reason


@FORMATS
def test_a_file_without_records_gives_no_finding(name: str) -> None:
    """A clean scan, or a note why there is none; never a quarantine, never an error."""
    items = parsed(name, JSON_FILES[name].wrap([]).encode())
    assert not [each for each in items if isinstance(each, Finding | QuarantinedRecord)]
    assert all(isinstance(each, CleanScan | ScanNote) for each in items)


@FORMATS
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_truncated_file_fails_as_a_whole(name: str, share: float) -> None:
    """Whatever it is cut in: a record, or the document around the records."""
    tool = JSON_FILES[name]
    content = tool.wrap([json.dumps(tool.record(number)) for number in range(1, 6)])
    with pytest.raises(TruncatedFileError, match="get a complete copy"):
        parsed(name, content[: int(len(content) * share)].encode())


@FORMATS
@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
def test_a_second_document_in_one_file_is_read(name: str, between: str) -> None:
    """Two files one after another give the findings of both."""
    tool = JSON_FILES[name]
    first, second = (tool.wrap([json.dumps(tool.record(number))]) for number in (1, 2))
    items = parsed(name, f"{first}{between}{second}".encode())
    assert [each.record_no for each in items if isinstance(each, Finding)] == [0, 1]


@FORMATS
@pytest.mark.parametrize("indent", [None, 2, 4])
def test_the_layout_does_not_matter(name: str, indent: int | None) -> None:
    """Compact and indented files give the same findings, and so do other orders of keys."""
    tool = JSON_FILES[name]
    document = json.loads(tool.wrap([json.dumps(tool.record(number)) for number in (1, 2, 3)]))
    expected = [each for each in parsed(name, json.dumps(document).encode()) if isinstance(each, Finding)]
    for sort_keys in (False, True):
        content = json.dumps(document, indent=indent, sort_keys=sort_keys).encode()
        assert [each for each in parsed(name, content) if isinstance(each, Finding)] == expected
    assert len(expected) == 3


@pytest.mark.parametrize("name", ["trivy", "trivy of a cluster", "powerpipe_json", "kube_bench"])
@pytest.mark.parametrize("indent", [None, 2])
def test_many_records_at_once_are_the_same_as_single_records(
    name: str, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 records of one group with damage among them: whole groups, parts of 4 kB and single records agree."""
    tool = JSON_FILES[name]
    texts = [json.dumps(tool.record(number), indent=indent) for number in range(400)]
    for place, damage in zip(
        range(7, 400, 41), ('{"twice": 1, "twice": 2, ', "{ no key, ", '{"n": NaN, '), strict=False
    ):
        texts[place] = texts[place].replace("{", damage, 1)
    texts[350:350] = ["null", "17", "{}"]
    content = tool.wrap(texts).encode()
    monkeypatch.setattr(nested, "MAX_RECORD_BYTES", 2000)
    monkeypatch.setattr(splitter, "READ_BYTES", 4000)
    in_parts = parsed(name, content)
    monkeypatch.setattr(splitter.RecordSplitter, "_boundary_after", lambda *_: b"")
    singly = parsed(name, content)
    assert in_parts == singly
    assert len([each for each in singly if isinstance(each, Finding)]) == 397
    assert len([each for each in singly if isinstance(each, QuarantinedRecord)]) == 6
