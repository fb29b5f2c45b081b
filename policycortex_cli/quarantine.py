"""``policycortex quarantine``: records of imported files that could not be kept, with position and reason."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from policycortex.settings import Settings
from policycortex_cli.options import home_option, org_option

_TEXT_LENGTH: Final = 64 * 1024
"""Characters of a record that are stored."""


@click.command()
@click.option("--file", "file_name", default="", metavar="NAME", help="Only records of files with this name.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Records at most.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object per line, with the record's text.")
@org_option
@home_option
def quarantine(file_name: str, limit: int, is_json: bool, org: str, home: Path | None) -> None:
    """Records that could not be kept, with offset, length and reason, newest import first."""
    from policycortex.storage.lake.lake import open_lake

    length = _TEXT_LENGTH if is_json else 0
    with open_lake(Settings.from_environment(home=home)) as lake:
        found = lake.reconciliation.load_quarantined(org, file_name=file_name, row_limit=limit, text_length=length)
    for row in found.iter_rows(named=True):
        print(_object(row) if is_json else _line(row))
    total = int(found["total"][0]) if found.height else 0
    click.echo(f"{found.height} of {total} quarantined records", err=True)


def _line(row: Mapping[str, Any]) -> str:
    reason = " ".join(str(row["reason"]).split())
    return f"{row['file_name']}  byte {row['byte_offset']}  length {row['byte_length']}  {reason}"


def _object(row: Mapping[str, Any]) -> str:
    fields = {name: row[name] for name in ("file_name", "byte_offset", "byte_length", "reason", "raw_text")}
    return json.dumps(fields | {"imported_at": row["imported_at"].isoformat()})
