"""Examples for readers of the lake: the SQL of docs/lake.md, its list of columns, and the example deployment."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from types import ModuleType

import dagster as dg
import duckdb
import pytest

from pipelines.definitions import policycortex_definitions
from pipelines.partitions import add_scan_days
from policycortex.findings.samples import write_samples
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake.attach import connect_for_reading
from policycortex.storage.lake.extensions import connect_with_extensions
from tests.support.installation import run_program

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lake.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "own_deployment" / "definitions.py"
DAY = date(2024, 7, 10)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One scan, imported and assessed by the command line."""
    folder = tmp_path_factory.mktemp("lake")
    write_samples(folder / "in", period=Period.of_days(DAY, DAY), findings_per_scan=20, clouds=("aws",), seed=1)
    done = run_program("ingest", folder / "in", home=folder / "home")
    assert done.returncode == 0, done.stderr
    return folder / "home"


@pytest.fixture
def lake(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attached by the page's own statement, with the installed extensions: nothing is downloaded here."""
    attach = next(line for line in PAGE.splitlines() if line.startswith("ATTACH"))
    with closing(connect_with_extensions(("sqlite_scanner", "ducklake"), {})) as connection:
        connection.execute(attach.replace("/var/lib/policycortex", str(home)))
        yield connection


def test_every_example_of_the_page_gives_rows(lake: duckdb.DuckDBPyConnection) -> None:
    """The three lines, and the two longer queries."""
    blocks = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    queries = [query for block in blocks for query in block.split(";\n") if query.lstrip().startswith("SELECT")]
    assert len(queries) == 3
    for query in queries:
        assert lake.execute(query).fetchall(), query


def test_a_reader_can_write_nothing(lake: duckdb.DuckDBPyConnection, home: Path) -> None:
    """Neither with the page's statement nor with the connection for assets."""
    with closing(connect_for_reading(Settings(home=home))) as own:
        for connection in (lake, own):
            for statement in ("DELETE FROM lake.marts.framework_scores", "CREATE TABLE lake.main.x (a INTEGER)"):
                with pytest.raises(duckdb.Error, match=r"read-only|READ_ONLY"):
                    connection.execute(statement)


def test_the_columns_for_others_are_those_of_the_tables(lake: duckdb.DuckDBPyConnection) -> None:
    """A column that is renamed or removed breaks programs of others."""
    rows = re.findall(r"^\| `((?:core|marts)\.\w+)` \| (\w+(?:, \w+)+) \|$", PAGE, re.MULTILINE)
    listed = {table: columns.split(", ") for table, columns in rows}
    assert len(listed) == 5
    for table, columns in listed.items():
        stored = [row[0] for row in lake.execute(f"DESCRIBE lake.{table}").fetchall()]
        assert [name for name in stored if name in columns] == columns, table


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("own_deployment", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_deployment_materializes_its_assets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are downstream of the product's assets and tell what the lake has."""
    monkeypatch.setenv("POLICYCORTEX_HOME", str(home))
    defs = _example().defs
    graph = defs.resolve_asset_graph()
    own = [dg.AssetKey(["team", name]) for name in ("scores_of_week", "failing_by_account")]
    assert [graph.get(key).parent_keys for key in own] == [
        {dg.AssetKey(["marts", "framework_scores"])},
        {dg.AssetKey(["core", "finding_state"])},
    ]
    assert {job.name for job in policycortex_definitions().jobs or ()} <= {
        job.name for job in defs.get_repository_def().get_all_jobs()
    }
    with dg.DagsterInstance.ephemeral() as instance:
        add_scan_days(instance, [DAY])
        job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection=set(own))
        done = job.execute_in_process(instance=instance, partition_key=DAY.isoformat())
    facts = {event.asset_key: event.materialization.metadata for event in done.get_asset_materialization_events()}
    scores, failing = (facts[key] for key in own)
    assert "soc2" in scores["scores"].value
    assert 0 < sum(failing["failing"].value.values()) <= 20


def test_dagster_finds_the_example_valid(home: Path, tmp_path: Path) -> None:
    """``dagster definitions validate``, as its README says."""
    command = [str(Path(sys.executable).with_name("dagster")), "definitions", "validate", "-f", str(EXAMPLE)]
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DAGSTER_HOME": str(tmp_path),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "POLICYCORTEX_HOME": str(home),
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
