"""Every number of a report with a scope equals that of the same report over the findings of the scope alone.

Each scan has findings of every check in and out of each scope, so that the same scans count with and without it.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from typing import Final

import msgspec
import openpyxl
import pypdf
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.findings.model import Finding
from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.names import CrosswalkEdition, ReportFormat, ReportType
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.reports.registry import shown_sections
from policycortex.reports.sections.nothing_in_scope import NOTHING_IN_SCOPE, SCOPE_ROWS, SENTENCES
from policycortex.reports.sections.trend import CAUSES
from policycortex.requests import parse_request
from policycortex.requests.body import Known
from policycortex.requests.model import ReportRequest
from policycortex.requests.report_kind import own_framework
from policycortex.scope import NO_OWNER, Scope, TagFilter
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.trend import Granularity
from policycortex.scoring.waivers import Waiver, WaiverScope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.analytics import load_forecast, load_risk, load_trends
from policycortex.workflow.analytics_query import AnalyticsQuery
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import compose_from_lake
from tests.golden.readers import read_word_text
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import ORGANIZATION, NamedBytes, finding, parser_of

DAYS: Final = (date(2026, 5, 20), date(2026, 6, 5), date(2026, 6, 12), date(2026, 6, 20))
JUNE: Final = Period.of_days(date(2026, 6, 1), date(2026, 6, 30))
NOW: Final = datetime(2026, 7, 1, tzinfo=UTC)
TAGS: Final = ('{"team":"red","tier":"1"}', '{"Owner":"Ann@x.com","team":"red"}', '{"team":"blue"}', "{}")
WAIVER: Final = Waiver(
    id="wvr_1",
    organization=ORGANIZATION,
    scope=WaiverScope(resource="*-3-*"),
    reason="accepted",
    requested_by="key_a",
    requested_at=datetime(2026, 6, 1, tzinfo=UTC),
    approved_by="key_b",
    approved_at=datetime(2026, 6, 1, tzinfo=UTC),
    valid_from=datetime(2026, 6, 8, tzinfo=UTC),
    valid_until=datetime(2026, 12, 1, tzinfo=UTC),
)
EVERYTHING: Final = Scope(organization=ORGANIZATION)
KNOWN: Final = Known(frameworks=("soc2", "iso27001", "fedramp_20x"))
_Kept = Callable[[Finding], bool]
_CHECKS: Final = (("c1", "s3", "high", "CC6.1"), ("c2", "RDS", "critical", "CC6.2"), ("c3", "s3", "low", "CC6.1"))


def scan(day: date) -> list[Finding]:
    """Four resources of each check, account, region and set of tags; each status changes on some of the days."""
    found = []
    parts = product(_CHECKS, ("acc", "other"), ("eu-west-1", "US-east-1"), enumerate(TAGS), range(4))
    for (check, service, severity, requirement), account, region, (tagged, tags), number in parts:
        resource = f"{account}-{region}-{tagged}-{number}-{check}"
        turn = (day.toordinal() * (number + 2) + 3 * tagged + len(region) * number + len(account)) % 7
        plain = finding(
            day, check, resource, "FAIL" if turn < 3 else "MANUAL" if turn == 3 else "PASS",
            severity=severity, account=account, region=region, is_muted=turn == 5 and number == 1,
            relations=f'{{"SOC2":["{requirement}"]}}',
        )  # fmt: skip
        found.append(msgspec.structs.replace(plain, service=service, tags=tags, is_exposed=number == 0))
    return found


def lake_of(home: Path, keeps: _Kept) -> Settings:
    """A home with the kept findings of all days; its files have the same names and digests whatever is kept."""
    settings = Settings(home=home)
    with open_lake(settings) as lake:
        for day in DAYS:
            lake.imports.import_source(
                NamedBytes(f"{day}.json", str(day).encode()),
                parser_of([each for each in scan(day) if keeps(each)]),
                format_name="csv",
                organization=ORGANIZATION,
                imported_at=NOW,
            )
    rebuild_days(settings, DAYS)
    with open_lake(settings) as lake:
        lake.analytics.rebuild_ages(DAYS)
    return settings


BY_FINDING: Final[list[ReportType]] = [type_ for type_ in ReportType if type_ is not ReportType.POAM]
"""A plan of action is of whole accounts and refuses the other filters."""


@pytest.fixture(scope="module")
def whole(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The home with all findings."""
    return lake_of(copy_home(empty_home, tmp_path_factory.mktemp("whole") / "home"), lambda _: True)


SCOPES: Final[dict[str, tuple[Scope, _Kept]]] = {
    "services": (Scope(organization=ORGANIZATION, services=("s3",)), lambda f: f.service == "s3"),
    "regions": (Scope(organization=ORGANIZATION, regions=("us-east-1",)), lambda f: f.region == "US-east-1"),
    "owner": (Scope(organization=ORGANIZATION, owners=("ann@X.com",)), lambda f: "Owner" in f.tags),
    "all": (
        Scope(
            organization=ORGANIZATION,
            accounts=("acc",),
            services=("s3", "rds"),
            regions=("eu-west-1",),
            tags=(TagFilter(key="team", values=("red", "green")),),
            owners=("red", "blue", NO_OWNER),
        ),
        lambda f: f.account_id == "acc" and f.region == "eu-west-1" and "tier" in f.tags,
    ),
}


_TYPES: Final[dict[str, list[ReportType]]] = {
    "services": [ReportType.AUDIT],
    "regions": [ReportType.RISK],
    "owner": [ReportType.TREND],
    "all": BY_FINDING,
}


@pytest.mark.parametrize("name", SCOPES)
def test_a_scoped_report_equals_that_of_its_findings_alone(
    name: str, whole: Settings, empty_home: Path, tmp_path: Path
) -> None:
    """The JSON report, which has every number of all sections, is the same byte for byte; with a waiver in force.

    All filters together in every type, each alone in one.
    """
    scope, keeps = SCOPES[name]
    alone = lake_of(copy_home(empty_home, tmp_path / "home"), keeps)
    with open_lake(whole) as every, open_lake(alone) as kept:
        for type_ in _TYPES[name]:
            assert as_json(every, type_, scope, tmp_path) == as_json(kept, type_, EVERYTHING, tmp_path), type_
        assert analytics(every, scope) == analytics(kept, EVERYTHING)


def as_json(lake: Lake, type_: ReportType, scope: Scope, folder: Path) -> list[str]:
    """Lines of the JSON report; its header says nothing of the scope."""
    order = ReportRequest(
        name="June", type=type_, framework="soc2", crosswalk=CrosswalkEdition.SCANNER, description="", scope=scope,
        period=JUNE, scope_as_given={}, formats=(ReportFormat.JSON,),
    )  # fmt: skip
    framework = load_builtin_frameworks()["soc2"].in_edition(CrosswalkEdition.SCANNER)
    document = compose_from_lake(
        lake,
        order,
        framework,
        waivers=[WAIVER],
        report_id="rpt_1",
        folder=folder,
        now=NOW,
        weights=RiskWeights(),
        locale=open_locale("en"),
    )
    lines = render_artifact(document, ReportFormat.JSON, folder).path.read_text().splitlines()
    assert document.findings.total > 10
    return [line for line in lines if '"snapshot"' not in line]


def analytics(lake: Lake, scope: Scope) -> Iterable[object]:
    """Trends, risk, ages, remediation times and forecast, without what is stored for whole organisations only."""
    query = AnalyticsQuery(scope=scope, period=JUNE, framework=None, waivers=[WAIVER], now=NOW)
    trends = load_trends(lake, query, granularity=Granularity.DAY, by="account", frameworks={})
    risk = load_risk(lake, query, weights=RiskWeights(), frameworks={}, top=5)
    assert any(each.remediated for each in risk.remediation)
    forecast = load_forecast(lake, query, horizon_days=7, target_pct=None)
    return trends.series, trends.change, risk.risk, risk.ages, risk.remediation, forecast.forecast


def test_causes_tell_resources_that_left_the_scope(empty_home: Path, tmp_path: Path) -> None:
    """A resource that fails in May has another team in June: it left the scope, which is not a fix."""
    settings = Settings(home=copy_home(empty_home, tmp_path / "home"))
    red, blue = ('{"team":"red"}', '{"team":"blue"}')
    with open_lake(settings) as lake:
        for day, moved in ((DAYS[0], red), (DAYS[3], blue)):
            rows = [finding(day, "c1", "stays", "PASS"), finding(day, "c1", "moves", "FAIL")]
            tagged = [msgspec.structs.replace(r, tags=moved if r.resource_uid == "moves" else red) for r in rows]
            lake.imports.import_source(
                NamedBytes(f"{day}.json", str(day).encode()),
                parser_of(tagged),
                format_name="csv",
                organization=ORGANIZATION,
                imported_at=NOW,
            )
    rebuild_days(settings, (DAYS[0], DAYS[3]))
    scope = Scope(organization=ORGANIZATION, tags=(TagFilter(key="team", values=("red",)),))
    order = ReportRequest(
        name="June", type=ReportType.TREND, framework=None, description="", scope=scope, period=JUNE,
        scope_as_given={}, formats=(ReportFormat.JSON,),
    )  # fmt: skip
    with open_lake(settings) as lake:
        document = compose_from_lake(
            lake, order, None, waivers=(), report_id="rpt_1", folder=tmp_path, now=NOW, weights=RiskWeights(),
            locale=open_locale("en"),
        )  # fmt: skip
    assert (document.summary.compliance_score, document.previous and document.previous.compliance_score) == (100, 50)
    left = {cause.title: cause.findings for cause in CAUSES.of(document) if cause.findings}
    assert left == {"Scope and coverage": 1}


@pytest.mark.parametrize("type_", BY_FINDING)
def test_a_report_of_nothing_is_one_page_that_says_what_there_is(
    type_: ReportType, whole: Settings, tmp_path: Path
) -> None:
    """A region that does not exist: each format names it and the known ones; the PDF is one page."""
    document = composed_of(whole, tmp_path, type_, {"regions": ["eu-cental-1"], "tags": {"team": "red"}})
    formats = ReportFormat if type_ is ReportType.AUDIT else [ReportFormat.PDF, ReportFormat.HTML]
    for format_ in formats:
        made = render_artifact(document, format_, tmp_path)
        assert (made.pages or 1) == 1
        if format_ in {ReportFormat.CSV, ReportFormat.PARQUET, ReportFormat.OCSF}:
            continue  # tables of findings: there is none
        text = " ".join(read_text(made.path, format_).split())
        assert "eu-cental-1" in text, format_
        assert "us-east-1" in text, format_
    found = json.loads(render_artifact(document, ReportFormat.JSON, tmp_path).path.read_text())["nothing_in_scope"]
    assert found["has_scans"]
    assert [(each["field"], each["requested"], each["unknown"], each["known"]) for each in found["filters"]] == [
        ("regions", ["eu-cental-1"], ["eu-cental-1"], ["eu-west-1", "us-east-1"]),
        ("tags.team", ["red"], [], ["red", "blue"]),
    ]


def test_a_report_of_nothing_tells_a_combination_and_a_time_without_scans(whole: Settings, tmp_path: Path) -> None:
    """Values that occur apart from each other, an unknown key of tags, and a month without a scan, in German."""
    apart = composed_of(whole, tmp_path, ReportType.RISK, {"tags": {"tier": "1"}, "owners": ["ANN@x.com"]})
    assert SENTENCES.of(apart)[1].startswith("Each of these values occurs in the period")
    key = composed_of(whole, tmp_path, ReportType.RISK, {"tags": {"Team": "red"}, "owners": ["nobody"]})
    assert [(each.filter, each.unknown, each.known) for each in SCOPE_ROWS.of(key)] == [
        ("Tags", "Team", "team, Owner, tier"),
        ("Owners", "nobody", "Ann@x.com, blue, no owner, red"),
    ]
    later = composed_of(whole, tmp_path, ReportType.RISK, {"regions": ["eu-west-1"]}, month=8, locale="de")
    assert SENTENCES.of(later)[1].endswith("ist vom 20. Juni 2026.")


def test_a_whole_report_of_nothing_keeps_its_sections(whole: Settings, tmp_path: Path) -> None:
    """Without a filter it is the report that it was: no key in the JSON, and all sections."""
    document = composed_of(whole, tmp_path, ReportType.AUDIT, {}, month=8)
    assert NOTHING_IN_SCOPE.of(document) is None
    assert "nothing_in_scope" not in render_artifact(document, ReportFormat.JSON, tmp_path).path.read_text()
    assert len(shown_sections(document)) > 3


def composed_of(
    settings: Settings, folder: Path, type_: ReportType, scope: dict[str, object], *, month: int = 6, locale: str = "en"
) -> ReportDocument:
    """The report of a month of 2026 with the scope of this body."""
    period = Period.of_month(date(2026, month, 1))
    given = scope | {"date_range": {"start": period.start.isoformat(), "end": period.end.isoformat()}}
    framework = own_framework(type_) or "soc2"
    body = {"name": "Scoped", "type": type_.value, "framework": framework, "scope": given}
    order = parse_request(body, organization=ORGANIZATION, now=datetime(2026, 10, 1, tzinfo=UTC), known=KNOWN)
    with open_lake(settings) as lake:
        return compose_from_lake(
            lake, order, load_builtin_frameworks()[framework], waivers=(), report_id="rpt_1", folder=folder,
            now=datetime(2026, 10, 1, tzinfo=UTC), weights=RiskWeights(), locale=open_locale(locale),
        )  # fmt: skip


def read_text(path: Path, format_: ReportFormat) -> str:
    """What people read of a file."""
    match format_:
        case ReportFormat.PDF:
            return " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
        case ReportFormat.DOCX:
            return read_word_text(path)
        case ReportFormat.EXCEL:
            with closing(openpyxl.load_workbook(path)) as book:
                return " ".join(str(cell) for sheet in book for row in sheet.values for cell in row)
        case _:
            return path.read_text().replace("<wbr>", "")
