"""Real scans and changed copies of them, each compared with each: against plain sets read from the files themselves."""

import gzip
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from policycortex.names import ReportFormat, ReportStatus, ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest, request_to_json
from policycortex.scope import Scope
from policycortex.scoring.changes_model import Cause
from policycortex.scoring.compare import Comparison
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import ReportRow
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.report_comparison import compare_reports

Record: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str, str, str]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def ocsf_keys(records: list[Record], *, is_failing: bool) -> set[Key]:
    """(check, account, region, resource) of all findings, or of those that fail and are not muted."""
    return {
        (r["metadata"]["event_code"], r["cloud"]["account"]["uid"], resource["region"], resource["uid"])
        for r in records
        for resource in r["resources"]
        if not is_failing or (r["status_code"] == "FAIL" and r["status"] != "Suppressed")
    }


def asff_keys(records: list[Record], *, is_failing: bool) -> set[Key]:
    """The same of Security Hub's; a warning is Prowler's word for a muted failure."""
    return {
        (r["GeneratorId"].removeprefix("prowler-"), r["AwsAccountId"], resource["Region"], resource["Id"])
        for r in records
        for resource in r["Resources"]
        if not is_failing or (r["Compliance"]["Status"] == "FAILED" and r["RecordState"] == "ACTIVE")
    }


def changed(records: list[Record], seed: int) -> Iterator[Record]:
    """A later scan: some results changed, some resources missing or new, one check in ten not run, some muted."""
    chance = random.Random(seed)  # noqa: S311 - the same scan each time
    dropped = {check for check in sorted({r["metadata"]["event_code"] for r in records}) if chance.random() < 0.1}
    for record in records:
        draw = chance.random()
        if record["metadata"]["event_code"] in dropped or draw < 0.05:
            continue
        opposite = {"PASS": "FAIL", "FAIL": "PASS"}.get(record["status_code"], record["status_code"])
        yield record | ({"status_code": opposite} if draw < 0.25 else {})
        if 0.25 <= draw < 0.30:
            resource = record["resources"][0]
            yield record | {"resources": [resource | {"uid": f"{resource['uid']}-new"}]}
        if 0.30 <= draw < 0.33:
            yield record | {"status": "Suppressed"}


@pytest.fixture(scope="module")
def scans(shared: Path) -> dict[str, tuple[list[Record], Callable[..., set[Key]]]]:
    """Records by name, with how their keys are read."""
    with gzip.open(shared / "findings/prowler-aws-acme/prowler-acme.ocsf.json.gz") as file:
        acme: list[Record] = json.load(file)
    hub: list[Record] = json.loads((shared / "findings/securityhub_get_findings.json").read_bytes())["Findings"]
    return {
        "acme": (acme, ocsf_keys),
        "hub": (hub, asff_keys),
        "later": (list(changed(acme, 1)), ocsf_keys),
        "latest": (list(changed(acme, 2)), ocsf_keys),
    }


@pytest.fixture(scope="module")
def reports(
    scans: dict[str, tuple[list[Record], Callable[..., set[Key]]]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Settings, dict[str, ReportRow]]:
    """One lake with a day per scan, and a completed report of each day."""
    folder = tmp_path_factory.mktemp("scans")
    settings, days = Settings(home=folder / "home"), {}
    for number, (name, (records, _)) in enumerate(scans.items()):
        moment = NOON + timedelta(days=number)
        seen = {"time": int(moment.timestamp())} if name != "hub" else {"UpdatedAt": moment.isoformat()}
        scan = {"unmapped": {"scan_id": name}} if name != "hub" else {}
        stamped = [{**r, **seen, **{k: {**r.get(k, {}), **v} for k, v in scan.items()}} for r in records]
        path = folder / f"{name}.json"
        path.write_text(json.dumps(stamped if name != "hub" else {"Findings": stamped}))
        assert ingest_files(settings, [path], organization="default", now=moment).kept == len(records)
        days[name] = moment.date()
    rebuild_days(settings, list(days.values()))
    with open_lake(settings) as lake:
        snapshot = lake.snapshot()
    return settings, {name: completed(name, day, snapshot) for name, day in days.items()}


def completed(name: str, day: date, snapshot: str, *, last: date | None = None) -> ReportRow:
    """A completed report of one day, or of the days to ``last``, over all findings."""
    order = ReportRequest(
        name=name,
        type=ReportType.COMPLIANCE,
        framework=None,
        description="",
        scope=Scope(organization="default"),
        period=Period.of_days(day, last or day),
        scope_as_given={},
        formats=(ReportFormat.JSON,),
    )
    at = datetime.combine(last or day, datetime.min.time(), UTC) + timedelta(days=1)
    return ReportRow(
        id=f"rpt_{name}",
        organization="default",
        name=name,
        type=ReportType.COMPLIANCE,
        description="",
        framework=None,
        status=ReportStatus.COMPLETED,
        order=request_to_json(order),
        created_at=at,
        created_by=None,
        due_at=at,
        started_at=at,
        snapshot=snapshot,
    )


@pytest.mark.parametrize(("before", "after"), list(permutations(("acme", "hub", "later", "latest"), 2)))
def test_a_comparison_of_real_scans_is_a_plain_set_difference(
    scans: dict[str, tuple[list[Record], Callable[..., set[Key]]]],
    reports: tuple[Settings, dict[str, ReportRow]],
    before: str,
    after: str,
) -> None:
    """New is after less before; before less after is resolved where the later scan looked at check and region."""
    settings, rows = reports
    old, new = (read(records, is_failing=True) for records, read in (scans[before], scans[after]))
    seen = scans[after][1](scans[after][0], is_failing=False)
    checks, places = {(check, account) for check, account, *_ in seen}, {key[1:3] for key in seen}
    found = compare_reports(settings, rows[before], rows[after], frameworks={}, waivers=()).findings
    keys = {
        change: {
            (row["check_id"], row["account_id"], row["region"], row["resource_uid"])
            for row in found.rows.iter_rows(named=True)
            if row["change"] == change
        }
        for change in ("new", "resolved", "accepted", "not_looked_at")
    }
    assert old
    assert new
    assert keys["new"] == new - old
    assert keys["resolved"] | keys["accepted"] | keys["not_looked_at"] == old - new
    assert keys["not_looked_at"] == {key for key in old - new if key[:2] not in checks or key[1:3] not in places}
    assert found.persisting == len(old & new)


GLOBAL_SERVICES = frozenset(
    ("account", "backup", "cloudfront", "iam", "organizations", "resourceexplorer2", "route53", "ssmincidents", "wafv2")
)
"""Those of the Acme scan whose findings are in us-east-1 only, whatever regions are scanned."""


@pytest.fixture(scope="module")
def regional(
    scans: dict[str, tuple[list[Record], Callable[..., set[Key]]]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Settings, str]:
    """A scan of all regions, and on the next day one with ``--region eu-west-1``, which also lists global services."""
    folder = tmp_path_factory.mktemp("regional")
    settings, records = Settings(home=folder / "home"), scans["acme"][0]
    part = [r for r in records if is_listed_in_ireland(r)]
    for number, listed in enumerate((records, part)):
        seen = {"time": int((NOON + timedelta(days=number)).timestamp())}
        path = folder / f"{number}.json"
        path.write_text(
            json.dumps([{**r, **seen, "unmapped": {**r["unmapped"], "scan_id": f"s{number}"}} for r in listed])
        )
        ingest_files(settings, [path], organization="default", now=NOON + timedelta(days=number))
    rebuild_days(settings, [NOON.date(), NOON.date() + timedelta(days=1)])
    with open_lake(settings) as lake:
        return settings, lake.snapshot()


def is_listed_in_ireland(record: Record) -> bool:
    """Whether a scan of eu-west-1 lists the record."""
    resource = record["resources"][0]
    return resource["region"] == "eu-west-1" or resource["group"]["name"] in GLOBAL_SERVICES


def test_a_scan_of_one_region_resolves_nothing_in_others(
    scans: dict[str, tuple[list[Record], Callable[..., set[Key]]]], regional: tuple[Settings, str]
) -> None:
    """In the month all findings persist; from day to day those that the second scan does not list are not checked."""
    settings, snapshot = regional
    first, second = NOON.date(), NOON.date() + timedelta(days=1)
    full = completed("full", first, snapshot)
    month = completed("month", first, snapshot, last=second)
    part = completed("part", second, snapshot)
    records = scans["acme"][0]
    failing = ocsf_keys(records, is_failing=True)
    listed = ocsf_keys([r for r in records if is_listed_in_ireland(r)], is_failing=True)

    in_month = compare_reports(settings, full, month, frameworks={}, waivers=())
    assert counts_of(in_month.findings) == (0, 0, len(failing), 0) == (0, 0, 660, 0)
    assert in_month.change.points == 0

    by_day = compare_reports(settings, full, part, frameworks={}, waivers=())
    assert counts_of(by_day.findings) == (0, 0, len(listed), len(failing - listed)) == (0, 0, 357, 303)
    changed = {share.cause for share in by_day.change.shares if share.findings}
    assert changed == {Cause.SCOPE_AND_COVERAGE}


def counts_of(found: Comparison) -> tuple[int, int, int, int]:
    """New, resolved, persisting and not looked at."""
    return found.new, found.resolved, found.persisting, found.not_looked_at
