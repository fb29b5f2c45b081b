"""Records taken many at once are those taken one by one, whatever stands between them."""

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.ocsf.fast_path import OcsfFrames
from policycortex.findings.reading import records
from policycortex.findings.reading.strict import decode_record
from tests.unit.findings.ocsf_records import ocsf_record

GOOD: dict[str, Any] = {
    "message": "m",
    "metadata": {"event_code": "c", "product": {"name": "Prowler", "version": "5"}},
    "severity_id": 3,
    "status_code": "PASS",
    "status_id": 1,
    "finding_info": {"uid": "u", "title": "t: with a colon"},
    "resources": [{"uid": "r"}],
    "cloud": {"provider": "aws", "account": {"uid": "1"}},
    "class_uid": 2004,
    "time": 1763913352,
}
COMPACT = json.dumps(GOOD)
RECORDS = (
    COMPACT,
    json.dumps(GOOD, indent=4),
    json.dumps({"class_uid": 2004} | GOOD),
    json.dumps(GOOD | {"resources": [{"uid": "r1"}, {"uid": "r2"}]}),
    json.dumps(GOOD | {"status_code": "MAYBE"}),
    json.dumps({key: value for key, value in GOOD.items() if key != "time"}),
    json.dumps(GOOD | {"message": 'a text with "message": and }, { in it'}),
    COMPACT.replace('"m"', '"\\u003a"'),
    COMPACT.replace('"m"', '"\\u0007"'),
    COMPACT.replace('"uid": "r"', '"uid": "\\u0007"'),
    COMPACT.replace('"m"', '"\\\\b"'),
    COMPACT.replace('"status_id": 1', '"status_id": 1, "status_id": 3'),
    COMPACT.replace('"status_id": 1', '"status_id": NaN'),
    COMPACT.replace('"PASS",', '"PASS"'),
    COMPACT[:-40],
    "null",
    '"text"',
    COMPACT.replace('"severity_id": 3', '"severity_id": 3, "severity": null'),
    COMPACT.replace('"severity_id": 3', '"severity_id": 3, "unheard_of": {"a": 1}'),
    COMPACT.replace('"event_code": "c"', '"event_code": "c", "event_code": "d"'),
    COMPACT.replace('"uid": "r"', '"uid": "r", "data": {"a": 1, "a": 2}'),
    COMPACT.replace('"uid": "u"', '"uid": "u", "uid": "v"'),
    COMPACT.replace('"provider": "aws"', '"provider": "aws", "provider": "gcp"'),
    COMPACT.replace('"provider": "aws"', '"provider": "\\u0061ws", "prov\\u0069der": "gcp"'),
    COMPACT.replace('"provider": "aws"', '"provider": "\udcff"'),
    COMPACT.replace('"provider": "aws"', '"provider": 7'),
    COMPACT.replace('"metadata": {', '"unmapped": {"compliance": {"SOC2": ["cc_6_1"]}, "scan_id": "s"}, "metadata": {'),
    COMPACT.replace('"metadata": {', '"unmapped": {"compliance": {"SOC2": [7]}}, "metadata": {'),
    COMPACT.replace('"status_id": 1', '"status_id": 1e999'),
    json.dumps(GOOD | {"resources": [{"uid": "r", "tags": {"env": "prod"}}]}),
    json.dumps(GOOD | {"class_uid": 2003, "compliance": {"status_id": 3, "requirements": ["a"], "standards": ["S"]}}),
)
SEPARATORS = (",", ",\n    ", " , ", ",,", "\n")


def parsed(content: bytes) -> list[object]:
    """Every finding and every quarantined record, in order."""
    return list(parse_ocsf(BytesIO(content)))


def parsed_without(patched: object, name: str, content: bytes) -> list[object]:
    """With one quick way closed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patched, name, lambda *_, **__: None)
        return parsed(content)


@given(st.lists(st.tuples(st.sampled_from(RECORDS), st.sampled_from(SEPARATORS)), min_size=1, max_size=12))
def test_many_at_once_are_the_same_as_one_by_one(parts: list[tuple[str, str]]) -> None:
    """Findings, ordinals, quarantined bytes, offsets and reasons: by frames, decoded whole, and one by one."""
    text = "[" + "".join(record + separator for record, separator in parts) + COMPACT + "]"
    content = text.encode(errors="surrogateescape")
    one_by_one = parsed_without(records, "decode_run", content)
    assert parsed_without(OcsfFrames, "decode", content) == one_by_one
    assert parsed(content) == one_by_one


@pytest.mark.parametrize("record", RECORDS)
def test_each_kind_of_record_among_sound_ones(record: str) -> None:
    """So that each meets the frames at least once, with sound records before and behind."""
    content = f"[{COMPACT},{COMPACT},{record},{COMPACT},{COMPACT}]".encode(errors="surrogateescape")
    assert parsed(content) == parsed_without(records, "decode_run", content)


def test_a_scan_of_the_scanner_itself_is_read_by_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its records hold what the frames name and nothing else: none of its runs is decoded whole."""
    content = ("[" + ",\n".join(json.dumps(ocsf_record(number), indent=4) for number in range(500)) + "]").encode()
    answers: list[bool] = []
    decode = OcsfFrames.decode

    def decode_and_note(frames: OcsfFrames, array: bytes, opening: bytes) -> object:
        found = decode(frames, array, opening)
        answers.append(found is not None)
        return found

    monkeypatch.setattr(OcsfFrames, "decode", decode_and_note)
    assert len(parsed(content)) == 500
    assert answers
    assert all(answers)


def test_sound_records_are_taken_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,000 sound records only the first, and the last of each window, are looked at alone."""
    alone: list[bytes] = []
    decode = decode_record

    def decode_alone(raw: bytes) -> object:
        alone.append(raw)
        return decode(raw)

    monkeypatch.setattr(records, "decode_record", decode_alone)
    content = ("[" + ",\n".join([COMPACT] * 1000) + "]").encode()
    assert len(parsed(content)) == 1000
    assert len(alone) <= 2 + len(content) // (256 * 1024)
