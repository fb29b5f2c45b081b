"""Records inside groups (a scanned file, a control, a section), whose keys say what all records of the group share.

A group that fits in memory is decoded at once, which is several times faster than record by record. A larger or a
damaged one is read record by record, so that only the damaged record is lost.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Generic, TypeAlias, TypeVar

import msgspec

from policycortex.errors import InputError
from policycortex.findings.model import Finding, ParsedItem, QuarantinedRecord, ScanNote
from policycortex.findings.reading.lenient import convert_record
from policycortex.findings.reading.nested import Group, Item, Path, Pick, walk, walk_group
from policycortex.findings.reading.records import without_control
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.splitter import Batch, Record, quarantine
from policycortex.findings.reading.strict import (
    RejectedRecordError,
    decode_record,
    failure_reason,
    has_escaped_control,
)
from policycortex.findings.reading.window import Window

T = TypeVar("T")
PickPath: TypeAlias = Callable[[Path], Pick | None]
Header: TypeAlias = dict[str, Any]
"""Keys and values of one object around the records; only the picked ones where it is too large to be decoded."""

_MAX_DEPTH: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSection:
    """Records of one array, or a part of them, with the objects around them."""

    path: Path
    """Of the array, its key last; of the group where ``records`` is None."""
    headers: tuple[Header, ...]
    """The objects around the array, outermost first."""
    records: list[Any] | None
    """Decoded JSON values; None once for each group, before or after its records, for what the group itself says."""
    offset: int
    """Of the group or the record in the file."""
    may_have_control: bool

    def header_value(self, key: str) -> Any:  # noqa: ANN401 - a JSON value
        """Of the innermost object that has the key; None where no object has it."""
        return next((each[key] for each in reversed(self.headers) if each.get(key) is not None), None)

    def header_text(self, *keys: str) -> str:
        """The first of the keys that has a text in an object around the records, the innermost object first."""
        values = (self.header_value(key) for key in keys)
        return next((each.strip() for each in values if isinstance(each, str) and each.strip()), "")


SectionItem: TypeAlias = RecordSection | QuarantinedRecord | ScanNote


def read_sections(stream: BinaryIO, shape: RecordShape, pick: PickPath) -> Iterator[SectionItem]:
    """All records of the file in their sections. The stream is read twice: keys may follow the records they belong to.

    ``pick`` gives VALUE for the keys that are needed of objects around records. Raises InputError, TruncatedFileError.
    """
    headers = _read_headers(walk(Window(stream), shape, _without_records(pick)))
    stream.seek(0)
    return _sections(walk(Window(stream), shape, _with_batches(pick)), headers, shape, pick)


def _without_records(pick: PickPath) -> PickPath:
    def pick_headers(path: Path) -> Pick | None:
        picked = pick(path)
        return Pick.ARRAY if picked is Pick.RECORDS else picked

    return pick_headers


def _with_batches(pick: PickPath) -> PickPath:
    def pick_batches(path: Path) -> Pick | None:
        picked = pick(path)
        return Pick.BATCHES if picked is Pick.RECORDS else picked

    return pick_batches


def _read_headers(items: Iterable[Item]) -> dict[Path, Header]:
    """Objects around records by their paths; groups that are given as a whole have their own keys."""
    headers: dict[Path, Header] = {}
    for path, value in items:
        if isinstance(value, Group | QuarantinedRecord | ScanNote):
            continue
        header = headers.setdefault(path[:-1], {})
        if value is not None:
            header[str(path[-1])] = value
    return headers


def _sections(
    items: Iterable[Item], headers: dict[Path, Header], shape: RecordShape, pick: PickPath
) -> Iterator[SectionItem]:
    for path in sorted(headers, key=len):
        yield RecordSection(path=path, headers=_around(path, headers), records=None, offset=0, may_have_control=True)
    for path, item in items:
        if isinstance(item, Group):
            yield from _of_group(path, item, headers, shape, pick)
        elif isinstance(item, Record | Batch):
            yield RecordSection(
                path=path,
                headers=_around(path[:-1], headers),
                records=item.values if isinstance(item, Batch) else [item.value],
                offset=item.offset,
                may_have_control=has_escaped_control(item.raw),
            )
        elif isinstance(item, QuarantinedRecord | ScanNote):
            yield item


def _of_group(
    path: Path, group: Group, headers: dict[Path, Header], shape: RecordShape, pick: PickPath
) -> Iterator[SectionItem]:
    try:
        value = decode_record(group.raw)
    except RejectedRecordError:
        inner = _read_headers(walk_group(path, group, shape, _without_records(pick)))
        own = {at: header for at, header in headers.items() if path[: len(at)] == at}
        sections = _sections(walk_group(path, group, shape, pick), own | inner, shape, pick)
        yield from (each for each in sections if not (isinstance(each, RecordSection) and each.path in own))
        return
    control = has_escaped_control(group.raw)
    for at, around, records in _arrays(path, (value,), pick):
        yield RecordSection(
            path=at,
            headers=(*_around(path, headers), *around),
            records=records,
            offset=group.offset,
            may_have_control=control,
        )


def _around(path: Path, headers: dict[Path, Header]) -> tuple[Header, ...]:
    return tuple(headers[path[:end]] for end in range(1, len(path) + 1) if path[:end] in headers)


def _arrays(
    path: Path, around: tuple[Header, ...], pick: PickPath
) -> Iterator[tuple[Path, tuple[Header, ...], list[Any] | None]]:
    """The object itself with None, then the arrays of records in it, at any depth."""
    yield path, around, None
    if len(path) > _MAX_DEPTH:
        raise InputError("the groups of the file are nested too deeply")
    for key, value in around[-1].items():
        if not isinstance(value, dict | list):
            continue
        at = (*path, key)
        picked = pick(at)
        if picked is Pick.RECORDS and isinstance(value, list):
            yield at, around, value
        elif picked is Pick.GROUPS and isinstance(value, list):
            others = [each for each in value if not isinstance(each, dict)]
            if others:
                yield at, around, others
            for number, each in enumerate(value):
                if isinstance(each, dict):
                    yield from _arrays((*at, number), (*around, each), pick)


class RecordKind(Generic[T]):
    """How the records of one kind of array become findings. ``build`` gives all findings of a record, or raises."""

    def __init__(
        self,
        struct: type[T],
        build: Callable[[Any, T, int], Sequence[Finding | ScanNote]],
        *,
        strict: Sequence[str],
    ) -> None:
        self._struct = struct
        self._list: Any = list[struct]  # type: ignore[valid-type]
        self._build = build
        self._strict = frozenset(strict)

    def findings(self, section: RecordSection, context: object, first_number: int) -> Iterator[ParsedItem]:
        """Findings of the section's records, each good or bad record with its number. ``context`` is passed on."""
        values = section.records or []
        try:
            records: Sequence[T | None] = msgspec.convert(values, self._list)
        except msgspec.ValidationError:
            records = [None] * len(values)
        build, may_have_control = self._build, section.may_have_control
        for number, (value, record) in enumerate(zip(values, records, strict=True), first_number):
            found: Iterable[ParsedItem]
            if record is None:
                found = self._lenient(value, context, number, section.offset)
            else:
                try:
                    found = build(context, record, number)
                except RejectedRecordError as error:
                    found = (quarantine(section.offset, msgspec.json.encode(value), str(error)),)
            yield from without_control(found) if may_have_control else found

    def _lenient(
        self, value: object, context: object, number: int, offset: int
    ) -> Iterable[Finding | ScanNote | QuarantinedRecord]:
        raw = msgspec.json.encode(value)
        if not isinstance(value, dict):
            return (quarantine(offset, raw, "the record is not a JSON object"),)
        try:
            record, notes = convert_record(value, self._struct, strict=self._strict)
            return (*self._build(context, record, number), *notes)
        except msgspec.ValidationError as error:
            return (quarantine(offset, raw, failure_reason(error)),)
        except RejectedRecordError as error:
            return (quarantine(offset, raw, str(error)),)
