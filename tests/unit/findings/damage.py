"""Kinds of damage: each turns the text of a good record into the text of a bad one."""

import json
from collections.abc import Callable
from typing import Any, Final

from tests.unit.findings.ocsf_records import ocsf_record

Damage = Callable[[dict[str, Any], int | None], str]
"""Record and indent to damaged text."""


def _text(record: dict[str, Any], indent: int | None) -> str:
    return json.dumps(record, indent=indent)


def _changed(**changes: object) -> Damage:
    return lambda record, indent: _text({k: v for k, v in (record | changes).items() if v is not ...}, indent)


def _without(key: str) -> Damage:
    return lambda record, indent: _text({k: v for k, v in record.items() if k != key}, indent)


def _replaced(old: str, new: str) -> Damage:
    def damage(record: dict[str, Any], indent: int | None) -> str:
        text = _text(record, indent)
        assert old in text, f"{old!r} is not in the record"
        return text.replace(old, new, 1)

    return damage


def _cut(share: float) -> Damage:
    def damage(record: dict[str, Any], indent: int | None) -> str:
        text = _text(record, indent)
        return text[: int(len(text) * share)]

    return damage


def _nested(depth: int, opening: str, closing: str) -> Damage:
    deep = opening * depth + "1" + closing * depth
    return _replaced('"status_code": "FAIL"', f'"status_code": "FAIL", "deep": {deep}')


DAMAGES: Final[dict[str, Damage]] = {
    "cut after a tenth": _cut(0.1),
    "cut in the middle": _cut(0.5),
    "cut near the end": _cut(0.97),
    "no closing brace": lambda record, indent: _text(record, indent).rstrip()[:-1],
    "an extra closing brace": lambda record, indent: _text(record, indent) + "}",
    "an extra opening brace": lambda record, indent: "{" + _text(record, indent),
    "a bracket of the wrong kind": lambda record, indent: _text(record, indent)[:-1] + "]",
    "a text without end": _replaced('"status_code": "FAIL"', '"status_code": "FAIL'),
    "a text without start": _replaced('"status_code": "FAIL"', '"status_code": FAIL"'),
    "a stray quote": _replaced('"severity_id": 4', '"severity_id": 4 "'),
    "a missing comma": _replaced('"severity_id": 4,', '"severity_id": 4 '),
    "a double comma": _replaced('"severity_id": 4,', '"severity_id": 4,,'),
    "a missing colon": _replaced('"severity_id": 4', '"severity_id" 4'),
    "a missing value": _replaced('"severity_id": 4', '"severity_id": '),
    "a trailing comma": lambda record, indent: _text(record, indent).rstrip()[:-1] + ",}",
    "single quotes": lambda record, indent: _text(record, indent).replace('"', "'"),
    "a key without quotes": _replaced('"severity_id":', "severity_id:"),
    "Python's True": _replaced('"severity_id": 4', '"severity_id": True'),
    "a comment": _replaced('"severity_id": 4', '"severity_id": 4 /* four */'),
    "NaN": _replaced('"severity_id": 4', '"severity_id": NaN'),
    "Infinity": _replaced('"time": 1795449352', '"time": Infinity'),
    "minus Infinity": _replaced('"time": 1795449352', '"time": -Infinity'),
    "a number too large": _replaced('"time": 1795449352', '"time": 1e999'),
    "a number with leading zero": _replaced('"severity_id": 4', '"severity_id": 04'),
    "a raw control character": _replaced('"High"', '"Hi\x01gh"'),
    "a raw line end in a text": _replaced('"High"', '"Hi\rgh"'),
    "a raw NUL": _replaced('"High"', '"Hi\x00gh"'),
    "an unknown escape": _replaced('"High"', '"Hi\\qgh"'),
    "half a surrogate": _replaced('"High"', '"Hi\\ud800gh"'),
    "a doubled key": _replaced('"severity_id": 4', '"severity_id": 1, "severity_id": 4'),
    "a doubled key deep inside": _replaced('"scan_id": "scan-1"', '"scan_id": "scan-1", "scan_id": "scan-2"'),
    "a doubled key with an escaped colon": _replaced('"High"', '"High", "a": "\\u003a", "a": ""'),
    "100,000 arrays": _nested(100_000, "[", "]"),
    "100,000 objects": _nested(100_000, '{"a":', "}"),
    "100,000 open arrays": _replaced('"status_code": "FAIL"', f'"status_code": {"[" * 100_000}'),
    "a text of 10 MB": lambda record, indent: _text(record | {"status_detail": "x" * 10_000_000}, indent),
    "a time that is an object": _changed(time={"at": 1}, time_dt=None),
    "a time that is no time": _changed(time="yesterday", time_dt=None),
    "times long ago": _changed(time=1, time_dt="1970-01-01T00:00:00Z"),
    "metadata that is null": _changed(metadata=None),
    "finding_info that is a list": _changed(finding_info=[]),
    "an unknown class": _changed(class_uid=9999),
    "an unknown status": _changed(status_code="MAYBE"),
    "no class": _without("class_uid"),
    "no metadata": _without("metadata"),
    "no finding_info": _without("finding_info"),
    "no status": _without("status_code"),
    "no time": lambda record, indent: _text({k: v for k, v in record.items() if not k.startswith("time")}, indent),
    "no first key and cut": lambda record, indent: _without("message")(record, indent)[:-30],
    "an empty object": lambda _, __: "{}",
    "a number": lambda _, __: "17",
    "a text": lambda _, __: '"a, {b}"',
    "null": lambda _, __: "null",
    "an array": lambda _, __: '[{"a": 1}, 2]',
    "NaN alone": lambda _, __: "NaN",
}  # fmt: skip

REPAIRED: Final[dict[str, Damage]] = {
    "an escaped NUL in a kept text": _replaced("Bucket is not public", "Bucket \\u0000 public"),
    "a severity that is a text": _changed(severity_id="four"),
    "resources that are an object": _changed(resources={"uid": "a"}),
    "a resource that is a text": _changed(resources=["a"]),
    "compliance that is a text": _changed(unmapped={"compliance": "SOC2"}),
    "an unknown severity": _changed(severity_id=77),
    "a time that is a text": _changed(time="2026-11-23T15:55:52Z"),
    "a time that is no time": _changed(time="yesterday"),
    "a time long ago": _changed(time=1, time_dt="2026-11-23T15:55:52Z"),
    "an array around the record": lambda record, indent: f"[{_text(record, indent)}]",
}
"""Damage of optional fields: the record is kept, and a note tells of the field."""


def planted(indent: int | None, good: int) -> list[tuple[str, str]]:
    """``good`` good records with every damage among them, two in a row twice: (name of the damage or "", text)."""
    every = good // len(DAMAGES)
    names = list(DAMAGES)
    records: list[tuple[str, str]] = []
    for number in range(good):
        records.append(("", json.dumps(ocsf_record(number), indent=indent)))
        if number % every == every - 1 and number // every < len(names):
            name = names[number // every]
            records.append((name, DAMAGES[name](ocsf_record(100_000 + number), indent)))
    return records
