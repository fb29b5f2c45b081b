"""Hostile bytes: each one clear message, quickly, and nothing built from them."""

import pytest

from policycortex.errors import ConfigurationError
from policycortex.frameworks.tree import MAX_JSON_BYTES, MAX_YAML_BYTES, parse_tree


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe{", "is not UTF-8 text (byte 0)"),
        (b'{"id": "a", "id": "b"}', "gives the same field twice in one place: id"),
        (b'{"a": NaN}', "contains a value that cannot be read: NaN is not a JSON number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "contains a value that cannot be read"),
        (b'{"a": 1,}', "line 1, column"),
        (b"[1]", "must contain one group of fields at its top, contains list"),
        (b"just words", "must contain one group of fields at its top, contains str"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "nested too deep"),
        (b"a: " + b"[" * 100 + b"]" * 100, "nested too deep"),
        (b"a: &x [1]\nb: *x\n", "line 2: uses the YAML alias *x; write the value out"),
        (b"a: 1\na: 2\n", "line 2, column 1: is not YAML here: 'a' twice"),
        (b"? [a]\n: 1\n", "a field's name must be text"),
        (b"a: !!python/object/apply:os.system [echo]\n", "could not determine a constructor"),
        (b"a: 1\n---\nb: 2\n", "starts a second YAML document"),
        (b"a: [1\n", "is not YAML here"),
        (b"a: 2022-13-45\n", "contains a value that cannot be read"),
        (b"a: \x01\n", "is not YAML"),
    ],
)
def test_bad_bytes_are_reported_in_one_line(data: bytes, message: str) -> None:
    """The message names the file and what to mend."""
    with pytest.raises(ConfigurationError) as caught:
        parse_tree(data, name="f")
    text = str(caught.value)
    assert message in text
    assert text.startswith("the framework file f cannot be used: ")
    assert "\n" not in text


def test_large_files_have_a_bound() -> None:
    """32 MiB of JSON, 1 MiB of YAML."""
    with pytest.raises(ConfigurationError, match="bytes; 33554432 are allowed"):
        parse_tree(b"{" + b" " * MAX_JSON_BYTES, name="f")
    with pytest.raises(ConfigurationError, match="JSON may be larger"):
        parse_tree(b"a: " + b"x" * MAX_YAML_BYTES, name="f.yaml")


def test_json_is_recognized_by_its_first_character() -> None:
    """A byte order mark does no harm; a .yaml name makes braces YAML."""
    assert parse_tree(b'\xef\xbb\xbf{"a": "b"}', name="f") == {"a": "b"}
    assert parse_tree(b"{a: b}", name="f.yaml") == {"a": "b"}
    assert parse_tree(b"a: 'no'\nno: b\n", name="f") == {"a": "no", "no": "b"}
