"""The console script: what it prints where, and how bad use and bad input end.

An ingest, its interruption, a key and bad use run the script itself; the others run in processes that are forked.
"""

import gzip
import json
import os
import signal
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from policycortex.findings.samples import write_samples
from policycortex.period import Period
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import VerdictKind
from tests.support.installation import PROGRAM, run_command, run_program
from tests.unit.findings.ocsf_records import array_text, ocsf_record

INGESTED = """kept 120 of 122, quarantined 2
no finding of azure counts towards nist_csf, nist_800_53, nist_800_53_low, nist_800_53_high (findings: 40)
no finding of gcp counts towards nist_csf, nist_800_53, nist_800_53_low, nist_800_53_high (findings: 40)
"""
PERIOD = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"}
ORDER: dict[str, Any] = {
    "name": "January of SOC 2",
    "type": "compliance",
    "framework": "soc2",
    "scope": {"date_range": PERIOD},
    "format_options": {"formats": ["csv", "json"]},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, findings: Path) -> Path:
    """A home with the sample findings in."""
    folder = tmp_path_factory.mktemp("cli") / "home"
    done = run_program("ingest", findings, home=folder)
    assert (done.returncode, done.stdout) == (0, INGESTED), done.stderr
    return folder


def test_a_report_goes_into_a_folder(home: Path, tmp_path: Path) -> None:
    """The files bear the report's name; its score and they are printed."""
    request = tmp_path / "order.json"
    request.write_text(json.dumps(ORDER))
    done = run_command("report", request, "--out", tmp_path / "out", home=home)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "january-of-soc-2.csv",
        "january-of-soc-2.json",
    ]
    score = json.loads((tmp_path / "out" / "january-of-soc-2.json").read_text())["summary"]["compliance_score"]
    assert done.stdout.startswith(f"January of SOC 2: {score} %")


def test_a_report_is_made_again_from_its_data(home: Path, tmp_path: Path) -> None:
    """The id that was printed names it; the files are in German, and every figure is that of the first."""
    request, out = tmp_path / "order.json", tmp_path / "out"
    request.write_text(json.dumps(ORDER | {"name": "First"}))
    done = run_command("report", request, "--out", out, home=home)
    report_id = done.stderr.split("making 'First', ")[1].split()[0]
    again = run_command("report", "--like", report_id, "--format", "json", "--locale", "de", "--out", out, home=home)
    assert again.returncode == 0, again.stderr
    first, second = (json.loads((out / name).read_text()) for name in ("first.json", "first-2.json"))
    assert second["report"]["made_from"] == report_id
    assert (second["summary"], second["requirements"]) == (first["summary"], first["requirements"])
    refused = run_command("report", request, "--known-on", "2001-01-01", "--out", out, home=home)
    assert refused.returncode == 2
    assert "known_on: Must be after the start of the report's period" in refused.stderr
    missing = run_command("report", "--out", out, home=home)
    assert "give a REQUEST.json, or --like" in missing.stderr


def test_the_folder_of_signed_reports_is_verified(home: Path, tmp_path: Path) -> None:
    """With an unsigned report beside it, verify proves the signed one, and finds a changed byte in each file."""
    request, out, certificate = tmp_path / "order.json", tmp_path / "out", tmp_path / "certificate.pem"
    for name, is_signed in (("January", True), ("Unsigned", False)):
        options = {"formats": ["csv", "excel"], "sign": is_signed}
        request.write_text(json.dumps(ORDER | {"name": name, "format_options": options}))
        assert run_command("report", request, "--out", out, home=home).returncode == 0
    certificate.write_text(run_command("certificate", home=home).stdout)
    done = run_command("verify", out, "--cert", certificate, home=home)
    assert done.returncode == 0, done.stdout
    assert "not checked  unsigned.csv: it is in no manifest" in done.stdout
    assert sorted(path.name for path in out.iterdir()) == [
        "january.certificate.pem", "january.csv", "january.csv.p7s", "january.manifest.json",
        "january.manifest.json.p7s", "january.xlsx", "january.xlsx.p7s", "unsigned.csv", "unsigned.xlsx",
    ]  # fmt: skip
    for path in out.glob("january.*"):
        content = path.read_bytes()
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        broken = verify(out, certificates=certificate).of(VerdictKind.BROKEN)
        assert {line.subject for line in broken} & {path.name, path.name.removesuffix(".p7s")}, path.name
        path.write_bytes(content)


def test_ingesting_again_changes_nothing(home: Path, findings: Path) -> None:
    """The same counts are printed, those of the first import."""
    again = run_command("ingest", findings, home=home)
    assert (again.returncode, again.stdout) == (0, INGESTED), again.stderr


def test_an_ingest_tells_what_happened_to_each_file(tmp_path: Path) -> None:
    """The good file counts, the clean scan is recorded with exit code 0; a bad neighbour is named with exit code 1."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").write_bytes(array_text([ocsf_record()]))
    clean = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": []}]}'
    (folder / "z.sarif").write_text(clean)
    done = run_command("ingest", folder, home=tmp_path / "home")
    expected = "kept 1 of 1, quarantined 0; 0 findings, scan recorded: z.sarif"
    assert (done.returncode, done.stdout) == (0, f"{expected}\n"), done.stderr
    (folder / "b.json").touch()
    done = run_command("ingest", folder, home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (1, f"{expected}; not imported: b.json\n"), done.stderr
    assert "b.json is empty" in done.stderr


def test_a_backfill_judges_month_by_month(home: Path) -> None:
    """A line per month of the range, also of one without scans; the demo's day is in the first."""
    done = run_command("backfill", "--start", "2024-01-10", "--end", "2024-02-02", home=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "assessed 2024-01-10 to 2024-01-31\nassessed 2024-02-01 to 2024-02-02\n"


def test_an_interrupted_ingest_stops(tmp_path: Path) -> None:
    """Ctrl-C while files are read: one word, exit code 130, and no run that claims to go on."""
    day = date(2024, 1, 15)
    write_samples(tmp_path / "in", period=Period.of_days(day, day), clouds=("aws",), findings_per_scan=30_000)
    env = os.environ | {"POLICYCORTEX_HOME": str(tmp_path / "home")}
    with subprocess.Popen([PROGRAM, "ingest", tmp_path / "in"], stderr=subprocess.PIPE, text=True, env=env) as program:
        assert program.stderr is not None
        program.stderr.readline()  # it has begun
        program.send_signal(signal.SIGINT)
        lines = program.stderr.read().splitlines()
    assert (program.returncode, lines[-1]) == (130, "policycortex: stopped")


def test_a_key_stands_alone_on_stdout(tmp_path: Path) -> None:
    """A script can take it as it is."""
    made = run_program("keys", "create", "--name", "script", home=tmp_path / "home")
    assert made.returncode == 0
    assert made.stdout.startswith("sk_live_")
    assert made.stdout.count("\n") == 1


def cut(folder: Path) -> Path:
    """A file whose end is missing."""
    path = folder / "cut.json"
    path.write_text('[{"class_uid": 2004, "finding_info": {"uid": "a"}, "metadata": {}}, {"class_uid": 20')
    return path


def cut_gzip(folder: Path) -> Path:
    """A compressed file whose end is missing."""
    path = folder / "cut.json.gz"
    path.write_bytes(gzip.compress(json.dumps([{"class_uid": 2004, "n": n} for n in range(5000)]).encode())[:2000])
    return path


def empty(folder: Path) -> Path:
    """A file of no bytes."""
    path = folder / "empty.json"
    path.touch()
    return path


def text(folder: Path) -> Path:
    """A file that is not JSON."""
    path = folder / "notes.json"
    path.write_text("this is a letter\n")
    return path


def without_findings(folder: Path) -> Path:
    """A folder with nothing to read."""
    path = folder / "nothing"
    path.mkdir()
    return path


def absent(folder: Path) -> Path:
    """A path that is not there."""
    return folder / "absent.json"


@pytest.mark.parametrize("make", [cut, cut_gzip, empty, text, without_findings, absent], ids=lambda f: f.__name__)
def test_bad_input_is_one_line_and_leaves_nothing(make: Callable[[Path], Path], tmp_path: Path) -> None:
    """Exit code 1, one line that names the file, no findings stored."""
    path = make(tmp_path)
    done = run_command("ingest", path, home=tmp_path / "home")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert path.name in done.stderr
    assert not list((tmp_path / "home").rglob("*.parquet"))


def test_a_locked_lake_is_one_line(home: Path, tmp_path: Path, findings: Path) -> None:
    """Somebody else writes for longer than the patience that was set."""
    copy = tmp_path / "other.json"
    copy.write_text(next(iter(sorted(findings.iterdir()))).read_text() + "\n")
    with FileLock(home / "lake" / "writer.lock"):
        done = run_command("ingest", copy, home=home, POLICYCORTEX_LOCK_TIMEOUT_SECONDS="0.2")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "another program has been writing to the home" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing command"),
        (["fly"], "No such command 'fly'"),
        (["serve", "--port", "70000"], "--port"),
        (["keys", "create"], "--name"),
        (["keys", "create", "--name", "x", "--scopes", "all"], "'all' is not a scope"),
        (["backfill", "--start", "2024-02-02", "--end", "2024-02-01"], "--start must lie between"),
        (["report", "absent.json", "--out", "out"], "absent.json"),
    ],
)
def test_bad_use_is_one_line_and_exit_code_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    """The line says which word is wrong."""
    run = run_command if arguments else run_program
    done = run(*arguments, home=tmp_path / "home")
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert done.returncode == 2


def test_a_request_that_is_not_valid_names_every_problem(tmp_path: Path) -> None:
    """One line, exit code 2, as the API would refuse it."""
    request = tmp_path / "order.json"
    request.write_text(json.dumps({"type": "poem", "scope": {}}))
    done = run_command("report", request, "--out", tmp_path / "out", home=tmp_path / "home")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "name" in done.stderr
    assert "type" in done.stderr
