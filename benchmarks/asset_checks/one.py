"""``python -m benchmarks.asset_checks.one HOME CHECK``: evaluates one asset check, by its name in Dagster."""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.data import SCAN_DAY
from pipelines.defs.checks import check_imports_reconcile, check_layers
from policycortex.settings import Settings
from policycortex.workflow.report_checks import check_deliveries, check_report_files
from policycortex.workflow.scan_checks import check_quarantine, check_scan_coverage, check_silent_accounts
from policycortex.workflow.score_checks import check_score_jumps, check_score_values

_CHECKS: Final[Mapping[str, Callable[[Settings], object]]] = {
    "no check": lambda _settings: None,
    "records_reconcile": check_imports_reconcile,
    "layers_agree": lambda settings: check_layers(settings, [SCAN_DAY.date()]),
    "quarantine_rate": check_quarantine,
    "silent_accounts": check_silent_accounts,
    "scan_coverage": check_scan_coverage,
    "scores_in_range": check_score_values,
    "score_jumps": check_score_jumps,
    "report_files": check_report_files,
    "deliveries_in_time": lambda settings: check_deliveries(settings, now=datetime.now(UTC)),
}

if __name__ == "__main__":
    _CHECKS[sys.argv[2]](Settings(home=Path(sys.argv[1])))
