"""Records taken many at once are those taken one by one, whatever stands between them."""

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.findings import records
from policycortex.findings.ocsf import SHAPE, build_ocsf_findings
from policycortex.findings.records import parse_records
from policycortex.findings.strict import decode_record

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
)
SEPARATORS = (",", ",\n    ", " , ", ",,", "\n")


def parsed(content: bytes) -> list[object]:
    """Every finding and every quarantined record, in order."""
    return list(parse_records(BytesIO(content), SHAPE, build_ocsf_findings))


@given(st.lists(st.tuples(st.sampled_from(RECORDS), st.sampled_from(SEPARATORS)), min_size=1, max_size=12))
def test_many_at_once_are_the_same_as_one_by_one(parts: list[tuple[str, str]]) -> None:
    """Findings, ordinals, quarantined bytes, offsets and reasons."""
    content = ("[" + "".join(record + separator for record, separator in parts) + COMPACT + "]").encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "decode_run", lambda *_, **__: None)
        one_by_one = parsed(content)
    assert parsed(content) == one_by_one


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
