"""Alert rules and dashboard: Prometheus' own program checks them, and they name metrics that there are."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.platform.metrics import Metrics
from policycortex.settings import Settings
from policycortex.workflow.operations import load_machine_figures
from tests.support.figures import DISTRIBUTIONS, IMPORT_FIGURES, WORK_FIGURES

_PROJECT: Final = Path(__file__).parents[3]
_FOLDER: Final = _PROJECT / "deploy" / "monitoring"
_PROMTOOL: Final = _PROJECT / ".test-tools" / "promtool"


def test_each_alert_fires_once_in_prometheus() -> None:
    """``promtool``, which deploy/setup-tests.sh installs: each alert fires for its fault, none for a sound home."""
    if not _PROMTOOL.exists():
        pytest.skip(f"no {_PROMTOOL}; deploy/setup-tests.sh could not install it")
    done = subprocess.run(
        [_PROMTOOL, "test", "rules", "alerts_test.yaml"], cwd=_FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tested = yaml.safe_load((_FOLDER / "alerts_test.yaml").read_text())["tests"]
    fired = {rule["alertname"] for test in _firing(tested) for rule in test["alert_rule_test"]}
    assert fired == {rule["alert"] for rule in _rules()}


@pytest.mark.parametrize("name", ["alerts.yaml", "alerts_test.yaml", "dashboard.json"])
def test_every_metric_is_one_of_the_api(name: str, tmp_path: Path) -> None:
    """A renamed figure would leave a panel empty and an alert silent."""
    used = set(re.findall(r"\bpolicycortex_[a-z_]+", (_FOLDER / name).read_text()))
    missing = {metric for metric in used if re.sub(r"_(total|bucket|count)$", "", metric) not in _known(tmp_path)}
    assert missing == set()


def test_panels_have_places_of_their_own() -> None:
    """Three in each row, each with a title and an expression."""
    panels = json.loads((_FOLDER / "dashboard.json").read_text())["panels"]
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    assert all(panel["title"] and all(target["expr"] for target in panel["targets"]) for panel in panels)


def _firing(tested: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tests in which an alert is expected."""
    return [test for test in tested if any(rule["exp_alerts"] for rule in test["alert_rule_test"])]


def _known(home: Path) -> set[str]:
    machine = {
        figure.name for figure in load_machine_figures(Settings(home=home), now=datetime(2026, 5, 1, tzinfo=UTC))
    }
    own = {"part_ready", "database_bytes", "certificate_end_timestamp_seconds"}
    figures = {f"policycortex_{name}" for name in machine | own | WORK_FIGURES | IMPORT_FIGURES | DISTRIBUTIONS}
    return figures | {family.name for family in text_string_to_metric_families(Metrics().print().decode())}


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((_FOLDER / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]
