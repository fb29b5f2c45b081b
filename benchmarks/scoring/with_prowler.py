"""``python -m benchmarks.scoring.with_prowler FILE OUT``: Prowler's own classes write its three compliance files.

Runs in an environment of its own, that has Prowler and none of the product. Its tables of counts on the terminal are
left out: they would cost it more than the files.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from prowler.lib.check.compliance_models import Compliance
from prowler.lib.check.models import CheckMetadata
from prowler.lib.outputs.compliance.generic.generic import GenericCompliance
from prowler.lib.outputs.compliance.iso27001.iso27001_aws import AWSISO27001
from prowler.lib.outputs.finding import Finding

_OUTPUTS = {"soc2_aws": GenericCompliance, "hipaa_aws": GenericCompliance, "iso27001_2022_aws": AWSISO27001}


def main(file: str, out: str) -> None:
    """The work itself is measured from findings in memory to files written."""
    frameworks = Compliance.get_bulk("aws")
    with Path(file).open(encoding="utf-8") as opened:
        findings = [_finding(record) for record in json.load(opened)]
    Path(out).mkdir(parents=True, exist_ok=True)
    rows, began = 0, time.process_time()
    for name, output_class in _OUTPUTS.items():
        path = Path(out) / f"{name}.csv"
        path.unlink(missing_ok=True)
        output = output_class(findings=findings, compliance=frameworks[name], file_path=str(path))
        output.batch_write_data_to_file()
        rows += len(output.data)
    spent = time.process_time() - began
    size = sum(path.stat().st_size for path in Path(out).glob("*.csv"))
    print(json.dumps({"work_cpu_ms": spent * 1000, "rows": rows, "written_mb": size / 1e6}))


def _finding(record: dict[str, Any]) -> Finding:
    """Without Prowler's validation, which would be no part of the scoring."""
    resource, account = record["resources"][0], record["cloud"]["account"]
    return Finding.construct(
        metadata=CheckMetadata.construct(Provider="aws", CheckID=record["metadata"]["event_code"]),
        account_uid=account["uid"],
        region=resource["region"],
        status=record["status_code"],
        status_extended=record["status_detail"],
        muted=record["status"] == "Suppressed",
        resource_uid=resource["uid"],
        resource_name=resource["name"],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
