"""Decodes the bytes of one record, or reports the exact reason why not. Stricter than JSON: no key may be repeated."""

import re
from typing import Any, Final

import msgspec

from policycortex.strict_json import DuplicateKeyError, read_json

MAX_RAW_TEXT_BYTES: Final = 64 * 1024

_MALFORMED: Final = re.compile(r"JSON is malformed: (.*) \(byte (\d+)\)")
_WORDS: Final = re.compile(rb"-?(?:NaN|nan|Infinity|inf)\b")
_ESCAPED_CONTROL: Final = re.compile(rb"\\u00(?:0[0-8bcefBCEF]|1[0-9a-fA-F])|\\[bf]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CONTROL_BYTES: Final = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
_MISSING: Final = re.compile(r"Object missing required field `([^`]+)`(?: - at `\$\.?([^`]*)`)?")
_WRONG: Final = re.compile(r"(.*?) - at `(?:key in )?\$\.?([^`]*)`")


class RejectedRecordError(Exception):
    """A record that cannot be kept; the message is the reason shown in quarantine. Caught within ``findings``."""


def decode_record(raw: bytes) -> Any:  # noqa: ANN401 - a JSON value
    """The record's JSON value. Raises RejectedRecordError for invalid JSON, NaN, duplicate keys, too deep nesting."""
    try:
        value = msgspec.json.decode(raw)
    except msgspec.ValidationError as error:
        raise RejectedRecordError(f"invalid number: {failure_reason(error)}") from None
    except msgspec.DecodeError as error:
        raise RejectedRecordError(_malformed(str(error), raw)) from None
    except UnicodeDecodeError:
        raise RejectedRecordError(_bad_utf8(raw)) from None
    except RecursionError:
        raise RejectedRecordError("nested too deeply to be read") from None
    # The decoder keeps the last of two equal keys. Each key has one colon, and texts keep theirs: more colons in the
    # bytes than in the value encoded again mean a lost key. An escaped colon could hide one: then check exactly.
    if raw.count(b":") != msgspec.json.encode(value).count(b":") or b"\\u003" in raw:
        _refuse_duplicates(raw)
    return value


def has_escaped_control(raw: bytes) -> bool:
    """True if some text of the record may contain a control character other than tab and line ends."""
    return _ESCAPED_CONTROL.search(raw) is not None


def has_control(data: bytes) -> bool:
    """True if the bytes have a control character other than tab and line ends."""
    return len(data.translate(None, _CONTROL_BYTES)) != len(data)


def replace_control(text: str) -> str:
    """The text with a replacement character for each control character other than tab and line ends."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def failure_reason(error: msgspec.ValidationError) -> str:
    """The reason for an error of msgspec: which key is missing, or which field has the wrong type."""
    text = str(error)
    if found := _MISSING.match(text):
        key, path = found.groups()
        return f"missing key {path}.{key}" if path else f"missing key {key}"
    if found := _WRONG.match(text):
        problem, path = found.groups()
        return f"wrong type: {_lower(problem)} at {path}"
    return f"wrong type: {_lower(text)}"


def raw_text(raw: bytes) -> str:
    """The text kept in quarantine: invalid bytes replaced, cut to 64 KiB."""
    return raw[:MAX_RAW_TEXT_BYTES].decode("utf-8", errors="replace")


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).replace("`", "")


def _malformed(message: str, raw: bytes) -> str:
    found = _MALFORMED.search(message)
    if found is None:
        return "invalid JSON: the record ends in the middle"
    problem, position = found.group(1), int(found.group(2))
    if word := _WORDS.match(raw, max(position - 1, 0)) or _WORDS.match(raw, position):
        return f"invalid JSON: {word.group().decode()} is not a JSON value, at byte {position} of the record"
    if problem == "invalid character" and b"" != raw[position : position + 1] < b" ":
        return f"invalid JSON: control character 0x{raw[position]:02x} in a text, at byte {position} of the record"
    return f"invalid JSON: {problem} at byte {position} of the record"


def _bad_utf8(raw: bytes) -> str:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"invalid UTF-8: byte 0x{raw[error.start]:02x} at byte {error.start} of the record"
    return "invalid UTF-8 in an escaped text"


def _refuse_duplicates(raw: bytes) -> None:
    try:
        read_json(raw)
    except DuplicateKeyError as error:
        raise RejectedRecordError(f"duplicate key {error.keys[0]!r}") from None
    except RecursionError:
        raise RejectedRecordError("nested too deeply to be read") from None
