"""Write one PDF from the objects of several, one source at a time, so that memory is that of the largest source.

qpdf joins files only with all their objects in memory: 1.7 GB for 50,000 findings, a few megabytes here. Sources must
not be encrypted. Knows nothing of reports.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import pikepdf

_OBJECTS_PER_STREAM: Final = 200
_REFERENCE_OR_STRING: Final = re.compile(rb"\((?:[^\\()]|\\.)*\)|<[0-9A-Fa-f]*>|\b(\d+) 0 R\b", re.DOTALL)
"""A reference to another object, or a string, which is stepped over as it may read like one."""

Renumber = Callable[[int], int]


class PdfWriter:
    """A PDF file under construction; objects come in any order, each number once."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb")
        self._next = 1
        self._entries: dict[int, bytes] = {}
        self._waiting: list[tuple[int, bytes]] = []
        self._file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def reserve(self, source: pikepdf.Pdf) -> int:
        """Set numbers aside for all objects of ``source``; returns what is to be added to its own."""
        offset = self._next - 1
        self._next += max(item.objgen[0] for item in source.objects)
        return offset

    def add(self, item: pikepdf.Object, renumber: Renumber) -> None:
        """Write one indirect object, all numbers in it renumbered."""
        number = renumber(item.objgen[0])
        if isinstance(item, pikepdf.Stream):
            content = item.read_raw_bytes()
            item.stream_dict.Length = len(content)  # streams made in memory have none yet
            self._write_stream(number, _renumbered(item.stream_dict.unparse(), renumber), content)
            return
        self._waiting.append((number, _renumbered(item.unparse(resolved=True), renumber)))
        if len(self._waiting) >= _OBJECTS_PER_STREAM:
            self._flush()

    def finish(self, root: int, info: int | None) -> None:
        """Write what waits and the cross-reference stream; the file is whole after this."""
        self._flush()
        number, start = self._next, self._file.tell()
        self._entries[number] = _plain_entry(start)
        size = number + 1
        table = b"".join(self._entries.get(n, b"\0" * 8) for n in range(size))
        packed = zlib.compress(table)
        extra = f" /Info {info} 0 R" if info else ""
        identity = hashlib.sha256(packed).hexdigest()[:32]  # differs between files of different content
        extra += f" /ID [<{identity}> <{identity}>]"
        head = f"<< /Type /XRef /Size {size} /W [1 5 2] /Root {root} 0 R{extra} /Filter /FlateDecode"
        self._file.write(f"{number} 0 obj\n{head} /Length {len(packed)} >>\nstream\n".encode())
        self._file.write(packed + f"\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n".encode())

    def _write_stream(self, number: int, dictionary: bytes, content: bytes) -> None:
        self._entries[number] = _plain_entry(self._file.tell())
        self._file.write(f"{number} 0 obj\n".encode() + dictionary + b"\nstream\n" + content + b"\nendstream\nendobj\n")

    def _flush(self) -> None:
        """Put the waiting objects into one compressed object stream."""
        if not self._waiting:
            return
        holder, self._next = self._next, self._next + 1
        index, bodies, offset = [], [], 0
        for place, (number, body) in enumerate(self._waiting):
            index.append(f"{number} {offset}")
            bodies.append(body)
            offset += len(body) + 1
            self._entries[number] = b"\x02" + holder.to_bytes(5, "big") + place.to_bytes(2, "big")
        head = (" ".join(index) + "\n").encode()
        packed = zlib.compress(head + b"\n".join(bodies))
        keys = f"/Type /ObjStm /N {len(index)} /First {len(head)} /Filter /FlateDecode /Length {len(packed)}"
        self._write_stream(holder, f"<< {keys} >>".encode(), packed)
        self._waiting.clear()


def shift(offset: int, replaced: Mapping[int, int]) -> Renumber:
    """Numbers moved up by ``offset``, but for those that stand for objects of another source."""
    return lambda number: replaced[number] if number in replaced else number + offset


def _renumbered(text: bytes, renumber: Renumber) -> bytes:
    return _REFERENCE_OR_STRING.sub(lambda m: b"%d 0 R" % renumber(int(m[1])) if m[1] else m[0], text)


def _plain_entry(position: int) -> bytes:
    return b"\x01" + position.to_bytes(5, "big") + b"\0\0"
