"""``policycortex gate`` on a served API and on a home: the same verdicts, and exit codes that a pipeline can trust."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from click.testing import CliRunner, Result

from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.posture import rebuild_days
from policycortex_cli.app import app
from tests.support.api_server import ApiServer
from tests.support.history import RELATIONS
from tests.support.installation import PROGRAM
from tests.support.samples.lake import finding, import_findings

SOC2: Final = ("gate", "--framework", "soc2", "--wait", "0")


@pytest.fixture
def running_server(folder_server: ApiServer) -> ApiServer:
    """The command asks the API, whose tests run on both kinds of storage; a home is a folder."""
    return folder_server


_FILLED: set[str] = set()
"""Addresses of the servers that have the scans already: they are the same for all tests that only read."""


@pytest.fixture
def scanned(running_server: ApiServer) -> Iterator[ApiServer]:
    """An organisation with two scans: ten days ago 3 of 4 findings passed, yesterday 2 of 4: a critical one is new."""
    running_server.clock.reset()
    server = replace(running_server, organization="gate", clients=[])
    if server.url not in _FILLED:
        fill(server)
        _FILLED.add(server.url)
    yield server
    for client in server.clients:
        client.close()


@pytest.fixture
def own(server: ApiServer) -> ApiServer:
    """The same scans in an organisation of the test's own, which it may change."""
    fill(server)
    return server


def fill(server: ApiServer) -> None:
    """Both scans, imported and built."""
    days = [server.clock().date() - timedelta(days=n) for n in (10, 1)]
    failing = ({"r3"}, {"r2", "r3"})
    with open_lake(server.settings) as lake:
        for day, failed in zip(days, failing, strict=True):
            found = [
                finding(day, "c1", name, "FAIL" if name in failed else "PASS", severity="critical", relations=RELATIONS)
                for name in ("r0", "r1", "r2", "r3")
            ]
            import_findings(lake, found, organization=server.organization)
    rebuild_days(server.settings, days)


def run_on_api(server: ApiServer, *arguments: str, token: str | None = None) -> Result:
    """The command with a key of the organisation."""
    key = token or server.registry.keys.create_key(organization=server.organization, name="ci")[1]
    return _run(*arguments, POLICYCORTEX_URL=server.url, POLICYCORTEX_API_KEY=key)


def run_on_home(server: ApiServer, *arguments: str) -> Result:
    """The command on the server's own home."""
    return _run(*arguments, "--home", str(server.settings.home), "--org", server.organization)


def _run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"POLICYCORTEX_URL": None, **environment})


def test_a_new_critical_fails_the_gate(scanned: ApiServer, tmp_path: Path) -> None:
    """Exit code 1 against the day of the first scan, with the one finding in all three files."""
    before = (scanned.clock() - timedelta(days=5)).date().isoformat()
    files = [tmp_path / name for name in ("gate.xml", "gate.sarif", "gate.md")]
    written = [word for path in files for word in (f"--{_option(path)}", str(path))]
    done = run_on_api(scanned, *SOC2, "--no-new-criticals", "--against", before, "--min-score", "50", *written)
    assert done.exit_code == 1, done.output
    assert done.output.splitlines()[:3] == [
        "soc2: the gate fails",
        "  ok   score: 50 %, wanted at least 50 %",
        f"  FAIL new critical findings: 1, wanted none since {before}",
    ]
    assert 'failures="1"' in files[0].read_text()
    [run] = json.loads(files[1].read_text())["runs"]
    states = {
        result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: result["baselineState"]
        for result in run["results"]
    }
    assert states == {"r2": "new", "r3": "unchanged"}
    assert "Score now 50 %" in files[2].read_text()


def test_scans_that_are_too_old_do_not_count(scanned: ApiServer) -> None:
    """The scan of ten days ago is within thirty days of the time that is compared with, and not within three."""
    against = (scanned.clock() - timedelta(days=5)).date().isoformat()
    limits = ("--no-new-highs", "--against", against)
    assert run_on_api(scanned, *SOC2, *limits).exit_code == 0
    refused = run_on_api(scanned, *SOC2, *limits, "--lookback-days", "3")
    assert refused.exit_code == 2
    assert "there is nothing to compare with" in refused.output
    assert run_on_api(scanned, *SOC2, "--min-score", "50", "--lookback-days", "3").exit_code == 0


def _option(path: Path) -> str:
    return {"gate.xml": "junit", "gate.sarif": "sarif", "gate.md": "markdown"}[path.name]


@pytest.mark.parametrize(("least", "code"), [("50", 0), ("50.01", 1)])
def test_a_home_is_judged_as_its_api_is(scanned: ApiServer, least: str, code: int) -> None:
    """The same lines and exit code by URL and by home; the user of the machine is in the audit log."""
    arguments = (*SOC2, "--min-score", least)
    by_url, by_home = run_on_api(scanned, *arguments), run_on_home(scanned, *arguments)
    assert (by_url.exit_code, by_home.exit_code) == (code, code), by_home.output
    assert by_url.output == by_home.output


def test_the_last_report_is_what_is_compared_with(own: ApiServer, order: dict[str, Any]) -> None:
    """Its period's end, whichever scope it had; without a completed report there is no verdict."""
    arguments = (*SOC2, "--no-new-criticals")
    missing = run_on_api(own, *arguments)
    assert missing.exit_code == 2
    assert "no completed report on soc2" in missing.output
    end = own.clock() - timedelta(days=5)
    span = {"start": (end - timedelta(days=20)).isoformat(), "end": end.isoformat()}
    body = {**order, "framework": "soc2", "scope": {"date_range": span}, "delivery": {}}
    body.pop("delivery")
    report = own.client().post("/v1/reports", json=body).json()
    own.complete(report["id"])
    done = run_on_api(own, *arguments)
    assert done.exit_code == 1, done.output
    assert f"wanted none since report {report['id']} of {end:%Y-%m-%d}" in done.output
    assert run_on_api(own, *arguments, "--against", report["id"]).output == done.output


def test_imports_that_are_not_counted_give_no_verdict(own: ApiServer) -> None:
    """A gate on yesterday's state would pass what the newest scan found."""
    today = own.clock().date()
    with open_lake(own.settings) as lake:
        found = [finding(today, "c1", "r9", severity="critical", relations=RELATIONS, hour=0)]
        import_findings(lake, found, organization=own.organization)
    assert own.client().get("/v1/frameworks/soc2/posture").json()["has_uncounted_imports"]
    done = run_on_api(own, *SOC2, "--min-score", "0")
    assert done.exit_code == 2
    assert "not counted yet" in done.output
    rebuild_days(own.settings, [today])
    assert run_on_api(own, *SOC2, "--min-score", "0").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a limit"),
        (("--min-score", "101"), "101"),
        (("--min-score", "90", "--framework", "soc3"), "No framework 'soc3'"),
        (("--min-score", "90", "--account", "another"), "nothing to judge"),
        (("--no-new-criticals", "--against", "yesterday"), "'yesterday' is not last"),
        (("--no-new-criticals", "--against", "rpt_0000000000000000"), "404"),
        (("--no-new-criticals", "--against", "2001-01-01"), "nothing to compare with"),
        (("--no-new-criticals", "--against", "2099-01-01"), "cannot be in the future"),
        (("--min-score", "90", "--sarif", "/nowhere/gate.sarif"), "/nowhere/gate.sarif"),
    ],
)
def test_what_cannot_be_judged_ends_with_2(scanned: ApiServer, arguments: tuple[str, ...], message: str) -> None:
    """Neither passed nor failed, with the reason."""
    done = run_on_api(scanned, *SOC2, *arguments)
    assert (done.exit_code, message in done.output) == (2, True), done.output


def test_no_api_no_key_and_no_home_end_with_2(server: ApiServer, tmp_path: Path) -> None:
    """An unreachable server, a refused key, a missing key, a folder that is not there."""
    arguments = (*SOC2, "--min-score", "90")
    refused = run_on_api(server, *arguments, token="sk_live_unknown")
    assert (refused.exit_code, "401" in refused.output) == (2, True)
    lost = replace(server, url="http://127.0.0.1:9")
    assert run_on_api(lost, *arguments).exit_code == 2
    keyless = _run(*arguments, POLICYCORTEX_URL=server.url, POLICYCORTEX_API_KEY="")
    assert (keyless.exit_code, "set POLICYCORTEX_API_KEY" in keyless.output) == (2, True)
    homeless = _run(*arguments, "--home", str(tmp_path / "none"))
    assert (homeless.exit_code, "there is no home" in homeless.output) == (2, True)


EXAMPLES: Final = Path(__file__).parents[2] / "examples/ci"


def _environment(server: ApiServer, folder: Path) -> dict[str, str]:
    """That of a job, with the program where the templates have installed it."""
    programs = folder / "policycortex/bin"
    programs.mkdir(parents=True)
    (programs / "policycortex").symlink_to(PROGRAM)
    key = server.registry.keys.create_key(organization=server.organization, name="ci")[1]
    files = {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    return os.environ | files | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(folder),
        "POLICYCORTEX_URL": server.url,
        "POLICYCORTEX_API_KEY": key,
    }  # fmt: skip


def test_the_github_action_judges(scanned: ApiServer, tmp_path: Path) -> None:
    """Its script, as the runner calls it: the outputs name files that are there, the summary has the verdict."""
    action = yaml.safe_load((EXAMPLES / "github/gate/action.yml").read_text())
    [step] = [step for step in action["runs"]["steps"] if step.get("id") == "gate"]
    before = (scanned.clock() - timedelta(days=5)).date().isoformat()
    given = {"FRAMEWORK": "soc2", "MIN_SCORE": "50", "NO_NEW_CRITICALS": "true", "AGAINST": before}
    assert set(step["env"]) == {"POLICYCORTEX_URL", "POLICYCORTEX_API_KEY", *given}
    environment = _environment(scanned, tmp_path) | given
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert set(outputs) == set(action["outputs"])
    assert all(Path(path).stat().st_size for path in outputs.values())
    assert "soc2 failed" in (tmp_path / "summary.md").read_text()


def test_the_gitlab_job_judges(scanned: ApiServer, tmp_path: Path) -> None:
    """Its script passes where the score is enough, and leaves the artifacts that the job names."""
    job = yaml.safe_load((EXAMPLES / "gitlab/gate.yml").read_text())["policycortex-gate"]
    today = scanned.clock().strftime("%Y-%m-%dT00:00:00Z")
    variables = job["variables"] | {"GATE_MIN_SCORE": "50", "GATE_AGAINST": today}
    environment = _environment(scanned, tmp_path) | variables
    command = ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    artifacts = [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]]
    assert all((tmp_path / name).stat().st_size for name in artifacts)
