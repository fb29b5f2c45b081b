"""Damaged files: every good record is kept, every bad one is reported with offset, length and reason."""

import json
from io import BytesIO

import pytest

from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.model import Finding, QuarantinedRecord, ScanNote
from policycortex.findings.reading.resync import MAX_RECORD_BYTES
from tests.unit.findings.damage import DAMAGES, REPAIRED, planted
from tests.unit.findings.ocsf_records import ocsf_record, parsed

WRAPPINGS = {
    "Prowler's array": (4, "[", ",", "]"),
    "an array on one line": (None, "[", ", ", "]"),
    "a deeper array": (2, "[\n", ",\n", "\n]\n"),
    "NDJSON": (None, "", "\n", "\n"),
    "a wrapped array": (None, '{"findings": [', ",", '], "next": null}'),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_damage_never_loses_a_good_record(wrapping: str) -> None:
    """300 good records with sixty kinds of damage among them, in five forms."""
    indent, start, separator, end = WRAPPINGS[wrapping]
    content, bad_offsets = bytearray(start.encode()), {}
    for number, (name, text) in enumerate(planted(indent, 300)):
        content += separator.encode() if number else b""
        if name:
            bad_offsets[len(content)] = name
        content += text.encode()
    good, bad = parsed(parse_ocsf, bytes(content) + end.encode())
    assert [each.finding_uid for each in good] == [f"prowler-{number}" for number in range(300)]
    named = {each.byte_offset: each.reason for each in bad}
    assert {name for offset, name in bad_offsets.items() if offset not in named} == set()
    assert all(each.reason and each.byte_length > 0 for each in bad)
    extra = [each for each in bad if each.byte_offset not in bad_offsets]
    assert [each.reason for each in extra] == []


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("indent", [4, None])
def test_each_damage_is_found_as_first_as_last_and_in_a_row(name: str, indent: int | None) -> None:
    """Bad records first, twice in a row and last: the good ones between are kept."""
    bad_text = DAMAGES[name](ocsf_record(9), indent)
    good_text = json.dumps(ocsf_record(1), indent=indent)
    texts = [bad_text, good_text, good_text, bad_text, bad_text, good_text, good_text, bad_text]
    good, bad = parsed(parse_ocsf, f"[{','.join(texts)}]".encode())
    assert len(good) == 4
    assert len(bad) == 4


_NOTES_OF_REPAIRED = {
    "resources that are an object": 0,
    "an unknown severity": 0,
    "a severity that is a text": 0,
    "a time that is a text": 0,
    "a time that is no time": 2,
    "an array around the record": 0,
}
"""Where something else than one note is right: nothing was lost, or the time in use has no offset from UTC."""


@pytest.mark.parametrize("name", REPAIRED)
def test_a_bad_optional_field_loses_no_finding(name: str) -> None:
    """A lost FAIL raises the score: the field is dropped or replaced, and counted."""
    content = f"[{REPAIRED[name](ocsf_record(9), None)}]".encode()
    good, bad = parsed(parse_ocsf, content)
    notes = [each for each in parse_ocsf(BytesIO(content)) if isinstance(each, ScanNote)]
    assert [(each.status, each.severity) for each in good] == [("FAIL", "high")]
    assert bad == []
    assert len(notes) == _NOTES_OF_REPAIRED.get(name, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cut in the middle", "invalid JSON: "),
        ("NaN", "invalid JSON: NaN is not a JSON value"),
        ("minus Infinity", "invalid JSON: -Infinity is not a JSON value"),
        ("a raw control character", "invalid JSON: control character 0x01 in a text"),
        ("a doubled key", "duplicate key 'severity_id'"),
        ("a doubled key with an escaped colon", "duplicate key 'a'"),
        ("100,000 objects", "nested too deeply"),
        ("a text of 10 MB", "too large: the record has 10,00"),
        ("no metadata", "missing key metadata"),
        ("a number", "the record is a number, not a JSON object"),
        ("null", "the record is null, not a JSON object"),
        ("a number too large", "invalid number"),
    ],
)
def test_the_reason_is_precise(name: str, expected: str) -> None:
    """It names the problem, not only that there is one."""
    text = DAMAGES[name](ocsf_record(9), 4)
    _, bad = parsed(parse_ocsf, f"[{json.dumps(ocsf_record())},{text}]".encode())
    assert len(bad) == 1
    assert bad[0].reason.startswith(expected)


def test_invalid_utf8_is_quarantined_with_its_byte() -> None:
    """Not replaced silently; the raw text shows the replacement."""
    record = json.dumps(ocsf_record()).encode().replace(b"High", b"Hi\xffgh")
    good, bad = parsed(parse_ocsf, b"[" + record + b"," + json.dumps(ocsf_record()).encode() + b"]")
    assert len(good) == 1
    assert bad[0].reason.startswith("invalid UTF-8: byte 0xff at byte ")
    assert "Hi\N{REPLACEMENT CHARACTER}gh" in bad[0].raw_text


class Endless(BytesIO):
    """A stream that generates its bytes when they are read: an array with one record of 300 MB among good ones."""

    def __init__(self) -> None:
        good = json.dumps(ocsf_record(), indent=4).encode()
        large = json.dumps(ocsf_record(status_detail="@"), indent=4).encode().split(b"@")
        self.parts = iter([b"[" + good + b"," + large[0], *[b"x" * 1_000_000] * 300, large[1] + b"," + good + b"]"])
        self.rest = b""
        self.largest = 0
        super().__init__()

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        assert size is not None
        while len(self.rest) < size and (part := next(self.parts, b"")):
            self.rest += part
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken


def test_a_record_of_300_mb_is_quarantined_in_bounded_memory() -> None:
    """Its length is reported, its start is kept, and so are the good records around it."""
    records = list(parse_ocsf(Endless()))
    large = [each for each in records if isinstance(each, QuarantinedRecord)]
    assert len([each for each in records if isinstance(each, Finding)]) == 2
    assert len(large) == 1
    assert large[0].byte_length > 300_000_000
    assert len(large[0].raw_text) <= 64 * 1024
    assert large[0].reason.startswith("too large: the record has 300,0")
    assert MAX_RECORD_BYTES < 10_000_000
