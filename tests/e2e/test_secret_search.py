"""The search finds what is planted wherever a program could leave it; else that it finds nothing proves nothing."""

import base64
import gzip
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import psycopg2
import pytest

from tests.e2e.secret_search import find_secrets, views_of_folder, views_of_postgres
from tests.support.servers import PostgresServer

SECRET = b'planted "secret" 4711/+'
PASSWORD = "Tr0ub4dor&3 for the board"


def _in_wal(path: Path) -> object:
    """Committed, not yet in the database file itself."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE runs (body TEXT, snapshot BLOB)")
    connection.execute("INSERT INTO runs VALUES (?, ?)", ("", zlib.compress(b"run config: " + SECRET)))
    connection.commit()
    assert zlib.compress(b"run config: " + SECRET) not in path.read_bytes()
    return connection  # kept open, else the log would be emptied


def _in_protected_pdf(path: Path) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.pages[0].Contents = pdf.make_stream(SECRET)
        pdf.save(path, encryption=pikepdf.Encryption(user=PASSWORD, owner=PASSWORD, R=6))


def _in_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", SECRET * 3)


PLANTS: dict[str, Callable[[Path], object]] = {
    "a log": lambda path: path.write_bytes(b"one line\nAuthorization: Bearer " + SECRET + b"\n"),
    "JSON": lambda path: path.write_text(json.dumps({"password": SECRET.decode()})),
    "base64": lambda path: path.write_bytes(base64.b64encode(b"\0user\0" + SECRET)),
    "base64 for URLs": lambda path: path.write_bytes(base64.urlsafe_b64encode(b"to" + SECRET)),
    "hex": lambda path: path.write_text(f"\\x{SECRET.hex()}"),
    "a URL": lambda path: path.write_text("https://x.example.org/?token=planted+%22secret%22+4711%2F%2B"),
    "a compressed file": lambda path: path.write_bytes(gzip.compress(SECRET)),
    "a zip": _in_zip,
    "a blob in the log of a database": _in_wal,
    "a PDF behind a password": _in_protected_pdf,
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_secret_is_found(tmp_path: Path, name: str) -> None:
    """And named, without being shown."""
    held = PLANTS[name](tmp_path / "plant")
    found = find_secrets(views_of_folder(tmp_path, passwords=(PASSWORD,)), {"the key": SECRET})
    assert found
    assert all(line.startswith("the key in plant") and "4711" not in line for line in found)
    del held


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Nor is a part of it."""
    (tmp_path / "plant").write_bytes(SECRET[:-1])
    assert find_secrets(views_of_folder(tmp_path), {"the key": SECRET}) == []


def test_a_secret_in_postgres_is_found(postgres_server: PostgresServer) -> None:
    """In a text and in a compressed blob."""
    name = postgres_server.create_database()
    url = postgres_server.url(name)
    try:
        connection = psycopg2.connect(url)
        connection.cursor().execute("CREATE TABLE one (body text)")
        connection.cursor().execute("CREATE TABLE two (snapshot bytea)")
        connection.cursor().execute("INSERT INTO one VALUES (%s)", (SECRET.decode(),))
        connection.cursor().execute("INSERT INTO two VALUES (%s)", (zlib.compress(SECRET),))
        connection.commit()
        connection.close()
        found = find_secrets(views_of_postgres(url), {"the key": SECRET})
    finally:
        postgres_server.drop_database(name)
    assert found == ["the key in public.one", "the key in public.two"]
