"""The real scan as OCSF, as ASFF, and as the product's own CSV and Parquet: the same scores to the last number."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.model import Finding
from policycortex.frameworks.catalog import load_builtin_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.reading import read_framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.model import Posture
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.assessed_period import judge_period
from policycortex.workflow.ingest import ingest_files

NOW = datetime(2026, 12, 1, tzinfo=UTC)
NOVEMBER = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))
SCAN = "findings/prowler-aws-acme/prowler-acme"
UPLOADED = ("cis_6.0_aws", "prowler_threatscore_aws")


Postures = Mapping[str, Mapping[str, Posture]]
"""By format and framework; "" is no framework."""


def table(path: Path) -> pl.DataFrame:
    """The OCSF findings in the documented columns; fields without a column are left out, such as scan and tags."""
    with gzip.open(path) as stream:
        findings = [each for each in parse_ocsf(stream) if isinstance(each, Finding)]  # type: ignore[arg-type]
    rows = [
        {
            "check_id": f.check_id, "status": f.status.value, "severity": f.severity.value,
            "observed_at": f.observed_at.isoformat(), "finding_uid": f.finding_uid, "muted": f.is_muted,
            "provider": f.provider, "account_id": f.account_id, "region": f.region, "resource_uid": f.resource_uid,
            "requirements": "; ".join(f"{key}:{i}" for key, ids in json.loads(f.relations).items() for i in ids),
        }
        for f in findings
    ]  # fmt: skip
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def postures(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Postures:
    """Each format in an organisation of its own, assessed over November against five frameworks and none."""
    folder = tmp_path_factory.mktemp("formats")
    found = table(shared / f"{SCAN}.ocsf.json.gz")
    found.write_csv(folder / "scan.csv", separator=";", include_bom=True)
    typed = pl.col("observed_at").str.to_datetime(time_zone="UTC"), pl.col("requirements").str.split("; ")
    found.with_columns(*typed).write_parquet(folder / "scan.parquet")
    files = {
        "ocsf": shared / f"{SCAN}.ocsf.json.gz",
        "asff": shared / f"{SCAN}.asff.json.gz",
        "csv": folder / "scan.csv",
        "parquet": folder / "scan.parquet",
        "all": folder / "scan.csv",
    }
    settings = Settings(home=folder / "home")
    for organization, path in files.items():
        more = [files["ocsf"], files["asff"]] if organization == "all" else []
        done = ingest_files(settings, [path, *more], organization=organization, now=NOW)
        assert done.quarantined == 0
    with open_lake(settings) as lake:
        lake.state.rebuild_state(done.dates)
        return {
            organization: {
                name: judge_period(
                    lake, framework, Scope(organization=organization), NOVEMBER, waivers=(), now=NOW
                ).posture
                for name, framework in frameworks(shared).items()
            }
            for organization in files
        }


def frameworks(shared: Path) -> dict[str, Framework | None]:
    """Three that are built in, two of the scanner's own files, and none."""
    built_in = load_builtin_frameworks()
    names = [(f"{name}.json", shared / "frameworks" / f"{name}.json") for name in UPLOADED]
    read = [read_framework(path.read_bytes(), name=name) for name, path in names]
    return {"": None} | {name: built_in[name] for name in ("soc2", "hipaa", "iso27001")} | {f.id: f for f in read}


def numbers_of(posture: Posture, *, without_manual: bool) -> object:
    """Every number of a posture; the manual ones may be left out, which ASFF does not have."""
    dropped = {"manual"} if without_manual else set()
    scores = {
        name: (s.value_pct, s.numerator, s.denominator, s.coverage, counted(asdict(s.excluded), dropped))
        for name, s in posture.scores.items()
    }
    requirements = [(r.id, r.result, counted(asdict(r.counts), dropped)) for r in posture.requirements]
    return scores, requirements, posture.failed_by_severity, counted(asdict(posture.counts), dropped)


def counted(counts: dict[str, int], dropped: set[str]) -> dict[str, int]:
    """Counts by outcome."""
    return {name: count for name, count in counts.items() if name not in dropped}


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_the_own_columns_say_what_ocsf_says(postures: Postures, name: str) -> None:
    """All models, all requirements, all counts, of every framework."""
    for framework, posture in postures["ocsf"].items():
        assert numbers_of(postures[name][framework], without_manual=False) == numbers_of(
            posture, without_manual=False
        ), framework


def test_asff_says_the_same_less_what_is_left_to_people(postures: Postures) -> None:
    """Prowler leaves its MANUAL findings out of ASFF, and of muted ones the raw result; no score counts either."""
    for framework, posture in postures["ocsf"].items():
        same = numbers_of(postures["asff"][framework], without_manual=True)
        assert same == numbers_of(posture, without_manual=True), framework
    assert postures["asff"][""].counts.manual == 0
    assert postures["ocsf"][""].counts.manual == 4


def test_one_scan_in_two_scanner_formats_counts_once(postures: Postures) -> None:
    """OCSF, whose scan has an id, has precedence over ASFF; the table is another source and adds to it."""
    one, both = postures["ocsf"][""].counts, postures["all"][""].counts
    assert (both.passed, both.failed, both.manual) == (2 * one.passed, 2 * one.failed, 2 * one.manual)
