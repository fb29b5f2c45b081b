"""Filters of reports that are requested in Dagster: those of every other request, checked before anything is made."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from policycortex.errors import RequestError
from policycortex.names import DEFAULT_ORGANIZATION, ReportType
from policycortex.period import Period
from policycortex.requests.report_partitions import ReportKind
from policycortex.scope import Scope, TagFilter
from policycortex.settings import Settings
from policycortex.workflow.period_reports import PeriodReportOptions, plan_period_report
from tests.support.empty_homes import write_empty_registry

KIND = ReportKind(organization=DEFAULT_ORGANIZATION, framework="soc2", type=ReportType.AUDIT)
JULY = Period.of_month(date(2026, 7, 1))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with one account group."""
    write_empty_registry(tmp_path / "home")
    (tmp_path / "home" / "accounts.yaml").write_text('"1": {groups: [Retail]}\n')
    return Settings(home=tmp_path / "home")


def _scope(settings: Settings, options: PeriodReportOptions) -> Scope:
    planned = plan_period_report(settings, JULY, KIND, options, now=datetime(2026, 8, 2, tzinfo=UTC))
    return planned.request.scope


def test_the_configuration_of_a_run_has_every_filter(settings: Settings) -> None:
    """Tags are key=value; without filters the request is the one of before they existed."""
    options = PeriodReportOptions(
        account_groups=["retail"], services=["S3"], regions=["eu"], tags=["team=red", "team=blue"], owners=["no owner"]
    )
    assert _scope(settings, options) == Scope(
        organization=DEFAULT_ORGANIZATION,
        accounts=("1",),
        services=("s3",),
        regions=("eu",),
        tags=(TagFilter(key="team", values=("red", "blue")),),
        owners=("no owner",),
    )
    plain = plan_period_report(settings, JULY, KIND, PeriodReportOptions(), now=datetime(2026, 8, 2, tzinfo=UTC))
    assert set(plain.request.scope_as_given) == {
        "date_range", "timezone", "environments", "cloud_providers", "accounts",
    }  # fmt: skip


def test_a_wrong_filter_fails_the_run_with_its_reason(settings: Settings) -> None:
    """An unknown group names the known ones; a tag needs a value."""
    with pytest.raises(RequestError, match=r"Unknown account group 'Bank'\. Known are Retail"):
        _scope(settings, PeriodReportOptions(account_groups=["Bank"]))
    with pytest.raises(RequestError, match="'team' is not key=value"):
        _scope(settings, PeriodReportOptions(tags=["team"]))
