"""The quick way for OCSF: many records of a run decoded at once into what is kept, nothing of them unread.

A scanner repeats itself: of 3.4 KB of a Prowler record 1.8 KB say what the check and the account are. These parts are
cut out unread, and read once per distinct text; the rest is decoded into the keys that are kept. What differs in any
way from the frames below (another key, a null, a key that stands twice) makes the answer None: the run is then decoded
whole. Measured: decision 0031.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import msgspec
import numpy as np

from policycortex.findings.model import Finding
from policycortex.findings.ocsf.model import (
    NO_UNMAPPED,
    Analytic,
    Cloud,
    Compliance,
    Metadata,
    OcsfRecord,
    Remediation,
    unmapped_of,
)
from policycortex.findings.reading.strict import RejectedRecordError, decode_record, has_escaped_control

T = TypeVar("T")

_KNOWN_BYTES: Final = 2 * 1024 * 1024
"""Of one kind of part; past it, it is forgotten and learnt anew."""
_COLON: Final = ord(":")
_ABSENT: Final[Any] = msgspec.UNSET
"""Default of a part that is cut out: left out again when encoded, as None is by ``omit_defaults``."""


class _Frame(msgspec.Struct, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Every key must be named, for each is counted: see ``OcsfFrames.decode``."""


class _InfoFrame(_Frame, gc=False):
    uid: str
    title: str | None = None
    desc: str | None = None
    analytic: msgspec.Raw = _ABSENT
    attacks: msgspec.Raw = _ABSENT
    types: list[str] | None = None
    created_time: int | None = None
    created_time_dt: str | None = None


class _GroupFrame(_Frame, gc=False):
    name: str | None = None
    uid: str | None = None


class _ResourceFrame(_Frame, gc=False):
    uid: str | None = None
    name: str | None = None
    type: str | None = None
    region: str | None = None
    namespace: str | None = None
    labels: list[str] | None = None
    group: _GroupFrame | None = None
    data: Any = None
    cloud_partition: str | None = None
    tags: None = None


class _RecordFrame(_Frame, gc=False):
    class_uid: int
    metadata: msgspec.Raw
    finding_info: _InfoFrame
    time: int | float | None = None
    time_dt: str | None = None
    severity_id: int | None = None
    severity: str | None = None
    status_id: int | None = None
    status: str | None = None
    status_code: str | None = None
    status_detail: str | None = None
    message: str | None = None
    risk_details: str | None = None
    cloud: msgspec.Raw = _ABSENT
    resources: list[_ResourceFrame] | None = None
    remediation: msgspec.Raw = _ABSENT
    compliance: msgspec.Raw = _ABSENT
    unmapped: msgspec.Raw = _ABSENT
    activity_id: int | None = None
    activity_name: str | None = None
    category_name: str | None = None
    category_uid: int | None = None
    class_name: str | None = None
    type_name: str | None = None
    type_uid: int | None = None
    resource: None = None


class OcsfFrames:
    """Decodes runs of one stream; ``build`` makes the findings of a record."""

    def __init__(self, build: Callable[[OcsfRecord, int], list[Finding]]) -> None:
        self.build = build
        self._decode = msgspec.json.Decoder(list[_RecordFrame]).decode
        self._count_colons = _ColonCounter().count
        self._encode_into = msgspec.json.Encoder().encode_into
        self._encoded = bytearray()
        self._metadata = _Parts(_as(Metadata))
        self._analytic = _Parts(_as(Analytic | None))
        self._cloud = _Parts(_as(Cloud | None))
        self._remediation = _Parts(_as(Remediation | None))
        self._compliance = _Parts(_as(Compliance | None))
        self._unmapped = _Parts(unmapped_of)
        self._unkept = _Parts(lambda _: None)

    def decode(self, array: bytes, opening: bytes) -> list[OcsfRecord] | None:
        """The records of a JSON array that all start with ``opening``; None if one of them is unusual.

        Each key has one colon, and each text as many before as after, but for escaped ones: if no more colons stand in
        the bytes than in what was decoded, encoded again, then no key was lost. Parts are on both sides as they stood.
        """
        if b"\\" in array and (b"\\u003" in array or has_escaped_control(array)):
            return None
        try:
            frames = self._decode(array)
            self._encode_into(frames, self._encoded)
            if self._count_colons(array) != self._count_colons(self._encoded) or array.count(opening) != len(frames):
                return None
            for frame in frames:
                self._read_parts(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, RejectedRecordError):
            return None
        return cast("list[OcsfRecord]", frames)

    def _read_parts(self, frame: Any) -> None:  # noqa: ANN401 - becomes an OcsfRecord by it
        """Put what was read where the bytes stood. Raises where a part is not as it should be."""
        info = frame.finding_info
        frame.metadata = self._metadata[bytes(frame.metadata)]
        frame.cloud = None if frame.cloud is _ABSENT else self._cloud[bytes(frame.cloud)]
        frame.remediation = None if frame.remediation is _ABSENT else self._remediation[bytes(frame.remediation)]
        frame.unmapped = NO_UNMAPPED if frame.unmapped is _ABSENT else self._unmapped[bytes(frame.unmapped)]
        frame.compliance = None if frame.compliance is _ABSENT else self._compliance[bytes(frame.compliance)]
        info.analytic = None if info.analytic is _ABSENT else self._analytic[bytes(info.analytic)]
        if info.attacks is not _ABSENT:
            info.attacks = self._unkept[bytes(info.attacks)]


class _Parts(dict[bytes, T]):
    """One kind of part: its distinct texts, each read once and strictly. A bad one raises as a record does."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        super().__init__()
        self._make = make
        self._bytes = 0

    def __missing__(self, key: bytes) -> T:
        """Learn it."""
        value = self._make(decode_record(key))
        self._bytes += len(key)
        if self._bytes > _KNOWN_BYTES:
            self.clear()
            self._bytes = len(key)
        self[key] = value
        return value


def _as(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - a type or a union
    return lambda value: msgspec.convert(value, kind)


class _ColonCounter:
    """Five times quicker than ``bytes.count``; keeps its scratch, for fresh pages would cost more than the count."""

    def __init__(self) -> None:
        self._is_colon = np.empty(0, np.bool_)

    def count(self, data: bytes | bytearray) -> int:
        """Colons in the data."""
        if self._is_colon.size < len(data):
            self._is_colon = np.empty(2 * len(data), np.bool_)
        is_colon = self._is_colon[: len(data)]
        np.equal(np.frombuffer(data, np.uint8), _COLON, out=is_colon)
        return int(np.count_nonzero(is_colon))
