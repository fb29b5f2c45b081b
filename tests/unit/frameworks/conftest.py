"""What the framework tests share: the sample scan as tallies, and the scanner's own counts beside it."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA


@pytest.fixture
def sample(shared: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sample scan as (tallies, mappings), counted with plain Python from the scanner's file."""
    return _read_sample(shared)


@pytest.fixture
def oracle(shared: Path) -> Mapping[str, Any]:
    """The scanner's own counts per framework and requirement."""
    text = (shared / "findings/prowler-aws-acme/oracle.json").read_text(encoding="utf-8")
    frameworks: Mapping[str, Any] = json.loads(text)["frameworks"]
    return frameworks


@cache
def _read_sample(shared: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    with gzip.open(shared / "findings/prowler-aws-acme/prowler-acme.ocsf.json.gz") as stream:
        records = json.load(stream)
    rows, mappings = [], set()
    for record in records:
        named = record["unmapped"].get("compliance", {})
        mapping_id = hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:16]
        mappings |= {(mapping_id, key, uid) for key, uids in named.items() for uid in uids}
        outcome = "muted" if record["status"] == "Suppressed" else _OUTCOMES[record["status_code"]]
        counts = [int(outcome == name) for name in ("passed", "failed", "manual", "muted")]
        rows.append(("aws", record["metadata"]["event_code"], mapping_id, record["severity"].lower(), *counts))
    findings = pl.DataFrame(rows, schema=TALLY_SCHEMA, orient="row")
    tallies = findings.group_by("provider", "check_id", "mapping_id", "severity").sum()
    return tallies, pl.DataFrame(sorted(mappings), schema=MAPPING_SCHEMA, orient="row")


_OUTCOMES = {"PASS": "passed", "FAIL": "failed", "MANUAL": "manual"}
