"""``python -m benchmarks.ingest.with_json FILE OUT``: Python's ``json.load``, then the same columns to Parquet."""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def main(file: str, out: str) -> None:
    """Read the whole file at once, as scripts do."""
    with Path(file).open(encoding="utf-8") as opened:
        rows = [_row(record) for record in json.load(opened)]
    pq.write_table(pa.Table.from_pylist(rows), out, compression="zstd")
    print(json.dumps({"rows": len(rows)}))


def _row(record: dict[str, Any]) -> dict[str, Any]:
    info, resource, cloud, product = (
        record["finding_info"],
        record["resources"][0],
        record["cloud"],
        record["metadata"]["product"],
    )
    return {
        "finding_uid": info["uid"], "title": info["title"], "description": info.get("desc"),
        "status_code": record["status_code"], "severity": record["severity"],
        "is_muted": record["status"] == "Suppressed", "status_detail": record.get("status_detail"),
        "risk_details": record.get("risk_details"),
        "remediation": record["remediation"].get("desc"), "references": record["remediation"].get("references"),
        "check_id": record["metadata"]["event_code"], "source": product["name"], "source_version": product["version"],
        "provider": cloud["provider"], "account_id": cloud["account"]["uid"],
        "account_name": cloud["account"].get("name"),
        "region": cloud.get("region") or resource.get("region"), "service": resource.get("group", {}).get("name"),
        "resource_uid": resource["uid"], "resource_name": resource.get("name"), "resource_type": resource.get("type"),
        "labels": resource.get("labels"), "compliance": json.dumps(record["unmapped"].get("compliance")),
        "observed_at": record["time"],
    }  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
