"""What reading a run of OCSF records costs, counted in parts read, not in seconds."""

import json
from io import BytesIO

import pytest

from policycortex.findings.formats.ocsf import SHAPE, build_ocsf_findings, findings_of, parse_ocsf
from policycortex.findings.ocsf import fast_path as ocsf_frames
from policycortex.findings.ocsf.fast_path import OcsfFrames
from policycortex.findings.reading.records import parse_records
from policycortex.findings.reading.strict import decode_record
from tests.unit.findings.ocsf_records import ocsf_record

CHECKS = 5


def scan(records: int) -> bytes:
    """A scan of ``records`` resources by CHECKS checks, whose metadata differ and all else is alike."""
    return json.dumps(
        [
            ocsf_record(
                number,
                metadata={"event_code": f"check-{number % CHECKS}", "product": {"name": "Prowler"}},
            )
            for number in range(records)
        ],
        indent=4,
    ).encode()


def parts_read(content: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many parts were decoded."""
    read: list[bytes] = []

    def decode_and_count(raw: bytes) -> object:
        read.append(raw)
        return decode_record(raw)

    with monkeypatch.context() as patch:
        patch.setattr(ocsf_frames, "decode_record", decode_and_count)
        assert all(parse_ocsf(BytesIO(content)))
    assert len(set(read)) == len(read)
    return len(read)


def test_a_part_is_read_once_however_many_records_repeat_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata of five checks; one analytic, cloud, remediation and unmapped: nine parts, of 300 records or of 900."""
    assert parts_read(scan(300), monkeypatch) == CHECKS + 4
    assert parts_read(scan(900), monkeypatch) == CHECKS + 4


def test_parts_past_their_room_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A producer that repeats nothing fills no memory, and its findings are the same."""
    content = json.dumps(
        [ocsf_record(number, remediation={"desc": f"step {number}", "references": []}) for number in range(400)]
    ).encode()
    expected = list(parse_ocsf(BytesIO(content)))
    monkeypatch.setattr(ocsf_frames, "_KNOWN_BYTES", 500)
    frames = OcsfFrames(findings_of)
    assert list(parse_records(BytesIO(content), SHAPE, build_ocsf_findings, frames)) == expected
    assert sum(map(len, frames._remediation)) <= 500
