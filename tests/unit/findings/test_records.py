"""Splitting of streams into records: forms, ends, and the error text that the splitter relies on."""

import json
from io import BytesIO

import msgspec
import pytest

from policycortex.errors import TruncatedFileError
from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.reading.window import Window
from tests.unit.findings.ocsf_records import array_text, ocsf_record, parsed


def test_the_json_library_still_names_where_a_value_ends() -> None:
    """The splitter reads this text, so an upgrade that changes it must fail a test."""
    with pytest.raises(msgspec.DecodeError, match=r"trailing characters \(byte 8\)"):
        msgspec.json.decode(b'{"a":1},', type=msgspec.Raw)
    with pytest.raises(msgspec.DecodeError, match="truncated"):
        msgspec.json.decode(b'{"a":1', type=msgspec.Raw)


@pytest.mark.parametrize(
    "wrapping",
    [
        "[{0},{0}]",
        "{0}\n{0}\n",
        "{0}\n{0}",
        "{0}{0}",
        "\ufeff[{0},{0}]",
        "[{0}]\n[{0}]",
        '{{"n": 1, "findings": [{0}, {0}]}}',
    ],
)
@pytest.mark.parametrize("indent", [4, None])
def test_two_records_in_any_form_are_two_findings(wrapping: str, indent: int | None) -> None:
    """Arrays, NDJSON, objects one after another, a byte order mark, arrays one after another, a wrapped array."""
    text = wrapping.format(json.dumps(ocsf_record(), indent=indent))
    good, bad = parsed(parse_ocsf, text.encode())
    assert (len(good), bad) == (2, [])


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
@pytest.mark.parametrize("indent", [4, None])
def test_a_cut_array_is_reported_after_its_records(share: float, indent: int | None) -> None:
    """Whole records first, the cut one quarantined, then the error."""
    content = array_text((ocsf_record(number) for number in range(20)), indent=indent)
    records: list[object] = []
    with pytest.raises(TruncatedFileError, match="get a complete copy"):
        records.extend(parse_ocsf(BytesIO(content[: int(len(content) * share)])))
    assert len(records) == int(20 * share) + 1


def test_a_cut_last_line_is_reported_a_bad_one_is_not() -> None:
    """NDJSON without a last line end is cut only if its last line is."""
    line = json.dumps(ocsf_record()).encode()
    with pytest.raises(TruncatedFileError):
        list(parse_ocsf(BytesIO(line + b"\n" + line[:300])))
    good, bad = parsed(parse_ocsf, line + b"\n" + line[:300] + b"\n")
    assert (len(good), len(bad)) == (1, 1)


def test_the_window_stays_small_over_many_damaged_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second of 4,000 records is cut: the window never has more than 3 MiB."""
    largest = 0
    fill = Window.fill

    def watched(self: Window, wanted: int = 0) -> bool:
        nonlocal largest
        came = fill(self, wanted)
        largest = max(largest, len(self.data))
        return came

    monkeypatch.setattr(Window, "fill", watched)
    record = json.dumps(ocsf_record(), indent=4)
    content = f"[{','.join([record, record[:1000]] * 2000)},{record}]".encode()
    good, bad = parsed(parse_ocsf, content)
    assert (len(good), len(bad)) == (2001, 2000)
    assert largest < 3 * 1024 * 1024
