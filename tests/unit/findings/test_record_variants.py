"""Records of unusual forms among good ones: what becomes of each, and that its neighbours are all kept."""

import json
from io import BytesIO
from typing import Any

import pytest

from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.model import Finding, QuarantinedRecord

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
KEPT = (
    (COMPACT, 1),
    (json.dumps(GOOD, indent=4), 1),
    (json.dumps({"class_uid": 2004} | GOOD), 1),
    (json.dumps(GOOD | {"resources": [{"uid": "r1"}, {"uid": "r2"}]}), 2),
    (json.dumps(GOOD | {"message": 'a text with "message": and }, { in it'}), 1),
    (COMPACT.replace('"m"', '"\\u003a"'), 1),
    (COMPACT.replace('"m"', '"\\\\b"'), 1),
    (COMPACT.replace('"severity_id": 3', '"severity_id": 3, "severity": null'), 1),
    (COMPACT.replace('"severity_id": 3', '"severity_id": 3, "unheard_of": {"a": 1}'), 1),
    (
        COMPACT.replace(
            '"metadata": {', '"unmapped": {"compliance": {"SOC2": ["cc_6_1"]}, "scan_id": "s"}, "metadata": {'
        ),
        1,
    ),
    (json.dumps(GOOD | {"resources": [{"uid": "r", "tags": {"env": "prod"}}]}), 1),
    (
        json.dumps(
            GOOD | {"class_uid": 2003, "compliance": {"status_id": 3, "requirements": ["a"], "standards": ["S"]}}
        ),
        1,
    ),
    (COMPACT.replace('"m"', '"\\u0007"'), 1),
    (COMPACT.replace('"uid": "r"', '"uid": "\\u0007"'), 1),
    (COMPACT.replace('"provider": "aws"', '"provider": 7'), 1),
    (COMPACT.replace('"metadata": {', '"unmapped": {"compliance": {"SOC2": [7]}}, "metadata": {'), 1),
)
"""A record, and how many findings it gives."""
QUARANTINED = (
    (json.dumps(GOOD | {"status_code": "MAYBE"}), "unknown status_code 'MAYBE': expected PASS, FAIL or MANUAL"),
    (json.dumps({key: value for key, value in GOOD.items() if key != "time"}), "missing key time"),
    (COMPACT.replace('"status_id": 1', '"status_id": 1, "status_id": 3'), "duplicate key 'status_id'"),
    (
        COMPACT.replace('"status_id": 1', '"status_id": NaN'),
        "invalid JSON: NaN is not a JSON value, at byte 152 of the record",
    ),
    (COMPACT.replace('"PASS",', '"PASS"'), "invalid JSON: expected ',' or '}' at byte 138 of the record"),
    (COMPACT[:-40], "invalid JSON: the record ends in the middle"),
    ("null", "the record is null, not a JSON object"),
    ('"text"', "the record is a text, not a JSON object"),
    (COMPACT.replace('"event_code": "c"', '"event_code": "c", "event_code": "d"'), "duplicate key 'event_code'"),
    (COMPACT.replace('"uid": "r"', '"uid": "r", "data": {"a": 1, "a": 2}'), "duplicate key 'a'"),
    (COMPACT.replace('"uid": "u"', '"uid": "u", "uid": "v"'), "duplicate key 'uid'"),
    (COMPACT.replace('"provider": "aws"', '"provider": "aws", "provider": "gcp"'), "duplicate key 'provider'"),
    (
        COMPACT.replace('"provider": "aws"', '"provider": "\\u0061ws", "prov\\u0069der": "gcp"'),
        "duplicate key 'provider'",
    ),
    (
        COMPACT.replace('"provider": "aws"', '"provider": "\udcff"'),
        "invalid UTF-8: byte 0xff at byte 265 of the record",
    ),
    (
        COMPACT.replace('"status_id": 1', '"status_id": 1e999'),
        "invalid number: wrong type: number out of range at [...]",
    ),
)
"""A record, and the reason in quarantine."""


def parsed_among_good_ones(record: str) -> tuple[list[Finding], list[QuarantinedRecord], int]:
    """Findings and quarantine of the record with two good ones before and after it, and its offset."""
    start = f"[{COMPACT},{COMPACT},"
    content = f"{start}{record},{COMPACT},{COMPACT}]".encode(errors="surrogateescape")
    found = list(parse_ocsf(BytesIO(content)))
    bad = [each for each in found if isinstance(each, QuarantinedRecord)]
    return [each for each in found if isinstance(each, Finding)], bad, len(start)


@pytest.mark.parametrize(("record", "findings"), KEPT)
def test_an_unusual_record_is_kept(record: str, findings: int) -> None:
    """Other layouts, orders and unknown keys are no damage."""
    good, bad, _ = parsed_among_good_ones(record)
    assert (len(good), bad) == (4 + findings, [])
    assert [each.record_no for each in good] == [0, 1, *[2] * findings, 3, 4]


@pytest.mark.parametrize(("record", "reason"), QUARANTINED)
def test_a_bad_record_is_quarantined_alone(record: str, reason: str) -> None:
    """Its reason and offset are named; the four good records are kept."""
    good, bad, offset = parsed_among_good_ones(record)
    assert [each.record_no for each in good] == [0, 1, 3, 4]
    assert [(each.reason, each.byte_offset) for each in bad] == [(reason, offset)]
