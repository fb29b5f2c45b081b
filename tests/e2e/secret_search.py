"""A search for secrets over what a session left: files, what is packed in them, databases with their logs.

A secret is looked for as it is, and as programs write it down: base64 at any place, hex, escaped for a URL or JSON.
"""

import base64
import gzip
import io
import json
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from urllib.parse import quote, quote_plus

import pikepdf
import psycopg2
from psycopg2 import sql

View = tuple[str, bytes]
"""Where these bytes stand, and the bytes."""


def find_secrets(views: Iterable[View], secrets: Mapping[str, bytes]) -> list[str]:
    """``name of the secret in place``, each once; empty when none is found. Never shows a secret."""
    forms = {form: name for name, secret in secrets.items() for form in _forms(secret)}
    pattern = re.compile(b"|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))
    found = {f"{forms[hit.group()]} in {place}" for place, content in views for hit in pattern.finditer(content)}
    return sorted(found)


def views_of_folder(folder: Path, *, passwords: tuple[str, ...] = ()) -> Iterator[View]:
    """Every file below, as it is and unpacked; ``passwords`` open PDF files. A file that goes meanwhile is left out."""
    for path in sorted(folder.rglob("*")):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue
        yield str(path.relative_to(folder)), content
        if content.startswith(b"SQLite format 3\0"):
            yield from _rows_of_sqlite(path)
        yield from _unpacked(path.name, content, passwords)


def views_of_postgres(url: str) -> Iterator[View]:
    """Every value of every table."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
            yield from _values(f"{schema}.{table}", cursor)


def _rows_of_sqlite(path: Path) -> Iterator[View]:
    """What a reader sees: the write-ahead log is part of it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            quoted = '"' + table.replace('"', '""') + '"'
            yield from _values(f"{path.name}: {table}", connection.execute(f"SELECT * FROM {quoted}"))  # noqa: S608 - its own name


def _values(place: str, rows: Iterable[tuple[object, ...]]) -> Iterator[View]:
    for row in rows:
        for value in row:
            match value:
                case bytes() | memoryview():
                    yield place, bytes(value)
                    yield from _unpacked(place, bytes(value), ())
                case None | int() | float():
                    continue
                case _:
                    yield place, str(value).encode()


def _unpacked(place: str, content: bytes, passwords: tuple[str, ...]) -> Iterator[View]:
    """What is inside: of a zip (and a workbook) its entries, of a PDF its streams, of a compressed blob its text."""
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if not entry.flag_bits & 0x1:
                    inner = archive.read(entry)
                    yield f"{place}: {entry.filename}", inner
                    yield from _unpacked(f"{place}: {entry.filename}", inner, passwords)
    elif content.startswith(b"%PDF-"):
        yield from _streams(place, content, passwords)
    elif content.startswith(b"\x1f\x8b"):
        yield place, gzip.decompress(content)
    elif content[:1] == b"\x78":
        try:
            yield place, zlib.decompress(content)
        except zlib.error:
            return


def _streams(place: str, content: bytes, passwords: tuple[str, ...]) -> Iterator[View]:
    for password in ("", *passwords):
        try:
            with pikepdf.open(io.BytesIO(content), password=password) as pdf:
                for thing in pdf.objects:
                    yield place, thing.unparse(resolved=True)
                    if isinstance(thing, pikepdf.Stream):
                        yield place, _stream(thing)
        except pikepdf.PasswordError:
            continue
        return
    raise AssertionError(f"none of the passwords opens {place}")


def _stream(thing: pikepdf.Stream) -> bytes:
    try:
        return thing.read_bytes()
    except pikepdf.PdfError:  # a picture in a coding that only viewers read
        return thing.read_raw_bytes()


def _forms(secret: bytes) -> Iterator[bytes]:
    text = secret.decode("latin-1")
    yield from chain(
        (secret, secret.hex().encode(), secret.hex().upper().encode()),
        (quote(text, safe="").encode(), quote_plus(text).encode(), json.dumps(text)[1:-1].encode()),
        (form for offset in range(3) for form in _base64_at(secret, offset)),
    )


def _base64_at(secret: bytes, offset: int) -> tuple[bytes, bytes]:
    """The signs that stand for the secret alone where so many bytes come before it (modulo three)."""
    first, last = -(-offset * 8 // 6), (offset + len(secret)) * 8 // 6
    padded = bytes(offset) + secret
    return base64.b64encode(padded)[first:last], base64.urlsafe_b64encode(padded)[first:last]
