"""Imports a file of the example format; prints format, records read, kept and quarantined."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from policycortex.settings import Settings
from policycortex.workflow.ingest import ingest_files

folder = Path(sys.argv[1])
rule = {
    "rule": "bucket-closed",
    "outcome": "ok",
    "level": "high",
    "object": "logs",
    "account": "1111",
    "seen_at": "2026-11-23T15:55:52Z",
}
records = [rule, rule | {"outcome": "violated", "object": "site"}, rule | {"outcome": "unheard of"}]
(folder / "rules.json").write_text(json.dumps(records))
now = datetime(2026, 11, 24, tzinfo=UTC)
summary = ingest_files(Settings(home=folder / "home"), [folder / "rules.json"], organization="default", now=now)
(receipt,) = summary.files
print(json.dumps([receipt.format, summary.read, summary.kept, summary.quarantined]))
