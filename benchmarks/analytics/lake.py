"""A lake of DAYS days x 100,000 findings: ``python -m benchmarks.analytics.lake HOME DAYS``; all end on the same day.

``python -m benchmarks.analytics.lake HOME ANOTHER copy`` makes a second home over the first one's files. Its catalog
is a copy, maintained as the product maintains a lake after each built day.

Findings are written straight into ``core.finding_state`` (36 million rows of OCSF would only measure the parser);
coverage, tallies, ages, remediations, risk and scores are then made by the product's own statements, day by day.
Deterministic. A marker file is written at the end; with it, a second call does nothing.
"""

import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from policycortex.findings.samples import SampleCheck, load_sample_checks
from policycortex.names import CrosswalkEdition
from policycortex.scoring.risk_model import RISK_VERSION
from policycortex.settings import Settings
from policycortex.storage.lake.analytics import CHANGES_SCHEMA, RISK_SCHEMA
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.partition_spans import run_by_organization
from policycortex.storage.lake.session import Cursor, LakeSession, run

ORGANIZATION = "bench"
LAST_DAY = date(2026, 10, 31)
FINDINGS = 100_000
ACCOUNTS = 20
STRETCH = 10
"""Days written in one statement."""

_RISK = (RISK_VERSION, 80.0, 30.0, 15.0, 20.0, 15.0, 9000, FINDINGS, 50.0, 30.0, "act_soon", 9.0)
"""One stored risk, after its dimension and label."""

_STATES = """
INSERT INTO lake.core.finding_state BY NAME
WITH slots AS (
    SELECT n AS finding_no, hash(n) % 1000 AS chance, hash(n + 7) % 400 AS turn,
        n // (SELECT count(*) FROM checks) AS place, c.*
    FROM range($findings) r(n) JOIN checks c ON c.check_no = n % (SELECT count(*) FROM checks)
),
days AS (SELECT unnest(generate_series($first::DATE, $last::DATE, INTERVAL 1 DAY))::DATE AS day)
SELECT $organization AS organization, day AS observed_date, 'scan-' || place % $accounts || '-' || day AS scan_key,
    'prowler' AS source, 'aws' AS provider, lpad((place % $accounts)::VARCHAR, 12, '1') AS account_id,
    ['eu-west-1', 'us-east-1'][1 + place % 2] AS region,
    ['production', 'staging', 'development'][1 + place % 3] AS environment, service, check_id,
    'm' || check_no AS mapping_id, 't' || check_no AS text_id,
    -- A slot that may fail does so for 60 of 400 days, each at a different time.
    CASE WHEN chance < 400 AND (day - DATE '2020-01-01' + turn) % 400 < 60 THEN 'FAIL' ELSE 'PASS' END AS status,
    severity, chance = 999 AS is_muted, 'f' || finding_no AS finding_uid,
    'arn:aws:' || service || ':eu-west-1:' || place % $accounts || ':' || kind || '/' || place AS resource_uid,
    type AS resource_type, day + INTERVAL 3 HOUR AS observed_at, day + INTERVAL 3 HOUR AS scan_at,
    'region=' || ['eu-west-1', 'us-east-1'][1 + place % 2] AS scan_target,
    'results' AS listing, 'import-' || day AS import_id, finding_no
FROM slots, days
ORDER BY day, check_id
"""


def build(home: Path, days: int) -> None:
    """Fill the lake of ``home``."""
    mark = home / f"built-{days}-{FINDINGS}"
    if mark.exists():
        return
    first = LAST_DAY - timedelta(days=days - 1)
    with open_lake(Settings(home=home, duckdb_memory_limit="1GB")) as lake:
        session = lake.session
        _write_texts(session)
        for start in range(0, days, STRETCH):
            stretch = [first + timedelta(days=n) for n in range(start, min(start + STRETCH, days))]
            _write_states(session, stretch[0], stretch[-1])
            for day in stretch:
                _write_day(lake, session, day)
            print(f"{stretch[-1]}", file=sys.stderr, flush=True)
    mark.touch()


def copy(made: Path, home: Path) -> None:
    """Replace ``home`` with a lake over the files of ``made``, which is not changed."""
    shutil.rmtree(home, ignore_errors=True)
    (home / "lake").mkdir(parents=True)
    shutil.copy(made / "lake" / "catalog.sqlite", home / "lake")
    (home / "lake" / "data").symlink_to((made / "lake" / "data").absolute(), target_is_directory=True)
    with open_lake(Settings(home=home)) as lake:
        lake.forget_statistics()


def _write_texts(session: LakeSession) -> None:
    checks = _checks()
    texts = checks.select(organization=pl.lit(ORGANIZATION), text_id="text_id", title="title")
    mappings = pl.DataFrame(
        [
            (ORGANIZATION, f"m{number}", framework, requirement)
            for number, check in enumerate(_automated())
            for framework, requirements in check.compliance.items()
            for requirement in requirements
        ],
        schema=["organization", "mapping_id", "framework_key", "requirement_uid"],
        orient="row",
    )

    def work(cursor: Cursor) -> None:
        cursor.execute("INSERT INTO lake.core.check_texts BY NAME FROM texts")
        cursor.execute("INSERT INTO lake.core.mappings BY NAME FROM named")

    session.write("texts", work, {"texts": texts, "named": mappings})


def _write_states(session: LakeSession, first: date, last: date) -> None:
    parameters = {
        "first": first,
        "last": last,
        "findings": FINDINGS,
        "accounts": ACCOUNTS,
        "organization": ORGANIZATION,
    }
    session.write(f"states to {last}", lambda cursor: cursor.execute(_STATES, parameters), {"checks": _checks()})


def _write_day(lake: Lake, session: LakeSession, day: date) -> None:
    def work(cursor: Cursor) -> None:
        run(cursor, "builds_insert", {"day": day})
        for name in ("coverage_insert", "tallies_insert"):
            run_by_organization(cursor, name, {"day": day}, [ORGANIZATION])
        for name in ("analytics_failing_insert", "analytics_remediations_insert"):
            run_by_organization(cursor, name, {"day": day, "lookback_days": 92}, [ORGANIZATION])
        run_by_organization(cursor, "analytics_tallies_insert", {"day": day}, [ORGANIZATION])

    session.write(f"day {day}", work)
    risk = [
        (dimension, f"{dimension}-{number}", *_RISK)
        for dimension, count in (("account", ACCOUNTS), ("service", 30), ("framework", 12))
        for number in range(count)
    ]
    causes = [
        (day - timedelta(days=1), framework, CrosswalkEdition.REVIEWED.value, cause, 10, 5, -5, "1/7")
        for framework in (None, "soc2", "hipaa", "iso27001")
        for cause in ("fixed", "regressed")
    ]
    lake.analytics.replace_day(
        ORGANIZATION,
        day,
        changes=pl.DataFrame(causes, schema=CHANGES_SCHEMA, orient="row"),
        risk=pl.DataFrame([("total", "", *_RISK), *risk], schema=RISK_SCHEMA, orient="row"),
    )


def _automated() -> list[SampleCheck]:
    return [check for check in load_sample_checks()["aws"] if not check.manual]


def _checks() -> pl.DataFrame:
    rows = [
        (number, check.id, check.service, check.severity, check.kind, check.type, f"t{number}", check.title)
        for number, check in enumerate(_automated())
    ]
    names = ["check_no", "check_id", "service", "severity", "kind", "type", "text_id", "title"]
    return pl.DataFrame(rows, schema=names, orient="row")


if __name__ == "__main__":
    if sys.argv[3:] == ["copy"]:
        copy(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        build(Path(sys.argv[1]), int(sys.argv[2]))
    print(datetime.now(UTC).isoformat(timespec="seconds"))
