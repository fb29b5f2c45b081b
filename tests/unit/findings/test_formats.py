"""The registry of findings formats: what it finds, in which order, and which conflicts it reports."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from policycortex.errors import ConfigurationError, InputError
from policycortex.findings.format import FindingsFormat
from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.formats.registry import (
    find_format,
    format_titles,
    list_formats,
    order_formats,
    recognise_format,
)
from tests.unit.findings.ocsf_records import array_text, ocsf_record, parsed

DOCUMENTATION = Path(__file__).parents[3] / "docs/inputs.md"
SHA256 = "0123456789abcdef" * 4
EXISTING = ("sarif", "parquet", "ocsf", "csv", "checkov", "asff")
"""Formats with stored scan keys, the highest precedence first."""
NEW = replace(find_format("ocsf"), name="new", title="New JSON", precedence=35)
"""Between CSV (30) and OCSF (40), and its name sorts between theirs."""


def existing_formats() -> list[FindingsFormat]:
    """The formats of EXISTING."""
    return [find_format(name) for name in EXISTING]


def test_existing_formats_keep_their_order() -> None:
    """Stored scan keys sort the same way, so this order never changes; new formats may be anywhere between."""
    assert tuple(each.name for each in list_formats() if each.name in EXISTING) == EXISTING


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("asff", "-asff/0123456789abcdef"),
        ("checkov", "-checkov/0123456789abcdef"),
        ("csv", "-csv/0123456789abcdef/111122223333/2026-11-23"),
        ("ocsf", "-ocsf/0123456789abcdef/111122223333/2026-11-23"),
        ("parquet", "-parquet/0123456789abcdef/111122223333/2026-11-23"),
        ("sarif", "-sarif/0123456789abcdef"),
    ],
)
def test_made_scan_keys_are_those_of_existing_homes(name: str, key: str) -> None:
    """Format, 16 digits of the file's digest, and account and day for formats whose scans have one."""
    (finding,), _ = parsed(parse_ocsf, array_text([ocsf_record()]))
    without_scan = msgspec.structs.replace(finding, scan_uid="")
    made = find_format(name)
    assert made.scan_key(without_scan, content_sha256=SHA256, listing=made.listing) == key
    assert made.scan_key(finding, content_sha256=SHA256, listing=made.listing) == "scan-1"


def test_a_new_format_is_ordered_by_precedence() -> None:
    """A precedence between two others, and a name that sorts between theirs: no scan key word is needed."""
    names = [each.name for each in order_formats([*existing_formats(), NEW])]
    assert names == ["sarif", "parquet", "ocsf", "new", "csv", "checkov", "asff"]


def test_scan_keys_of_a_new_format_sort_as_its_precedence() -> None:
    """Above all others with a word of its own; without it the conflict is reported with what to do."""
    best = replace(NEW, precedence=70)
    with pytest.raises(ConfigurationError, match=r"'new' has a higher precedence than 'sarif'.*give .* scan_key_word"):
        order_formats([*existing_formats(), best])
    assert order_formats([*existing_formats(), replace(best, scan_key_word="z-new")])[0].name == "new"


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (replace(NEW, name="ocsf"), "two findings formats are named 'ocsf'"),
        (replace(NEW, precedence=40), "'new' and 'ocsf' have the same precedence, 40"),
    ],
)
def test_two_formats_of_one_name_or_precedence_are_refused(added: FindingsFormat, message: str) -> None:
    """The message names both."""
    with pytest.raises(ConfigurationError, match=message):
        order_formats([*existing_formats(), added])


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    """The message lists the names."""
    with pytest.raises(ConfigurationError, match="no findings format 'xml': the formats are asff, checkov, csv, "):
        find_format("xml")


def test_titles_and_documentation_name_every_format() -> None:
    """Messages derive their list from the formats; docs/inputs.md has one row for each."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    for each in list_formats():
        assert each.title in format_titles()
        assert f"| `{each.name}` |" in text


def test_the_format_with_the_most_marks_is_chosen() -> None:
    """Security Hub's keys inside an OCSF record do not make it ASFF."""
    content = array_text([ocsf_record(unmapped={"ProductArn": "a", "GeneratorId": "b"})])
    assert recognise_format(content) == find_format("ocsf")


def test_advice_on_a_file_is_given_only_where_no_format_recognises_it() -> None:
    """Prowler's compliance CSV is refused with what to do instead; text without a header is no format at all."""
    with pytest.raises(InputError, match="is Prowler's compliance CSV, which is not read: import the OCSF JSON"):
        recognise_format(b"PROVIDER;DESCRIPTION;ACCOUNTID;REGION;ASSESSMENTDATE;REQUIREMENTS_ID;STATUS\n")
    assert recognise_format(b"hello world\n") is None
