"""Passwords by name: a schedule names one of the connections file, and nothing stored holds it in clear."""

from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from policycortex.errors import RequestError
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import ScheduleRow
from policycortex.workflow.request_report import unseal_password
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.support.ledger import MONTHLY, settings_of
from tests.support.stored_bytes import read_stored

START: Final = datetime(2026, 3, 15, tzinfo=UTC)
FIRST: Final = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)
PASSWORD: Final = "Kranich-Ufer-4711-Nebel"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with three passwords: a good one, a weak one, and another organisation's."""
    monkeypatch.setenv("AUDITORS_PASSWORD", PASSWORD)
    monkeypatch.setenv("WEAK_PASSWORD", "password1234")
    passwords = {
        "auditors": {"secret": "env:AUDITORS_PASSWORD", "organizations": ["*"]},
        "weak": {"secret": "env:WEAK_PASSWORD", "organizations": ["default"]},
        "theirs": {"secret": "env:AUDITORS_PASSWORD", "organizations": ["other"]},
    }
    return settings_of(tmp_path, passwords=passwords)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Its database."""
    with closing(open_registry(settings)) as opened:
        yield opened


def _create(settings: Settings, registry: Registry, **options: Any) -> ScheduleRow:  # noqa: ANN401
    body = deepcopy(MONTHLY)
    body["report_template"]["format_options"] = options
    return create_schedule(settings, registry, body, organization="default", created_by=None, now=START)


def test_each_report_has_the_password_that_its_schedule_names(settings: Settings, registry: Registry) -> None:
    """As it is at the tick; sealed in the registry, whose file holds it nowhere in clear."""
    _create(settings, registry, password_name="auditors")
    (report_id,) = claim_due_ticks(settings, now=FIRST)
    sealed = registry.reports.load_sealed_password(report_id)
    assert unseal_password(settings, sealed, report_id) == PASSWORD
    assert registry.reports.find_report(report_id).order["password_name"] == "auditors"
    assert PASSWORD.encode() not in read_stored(settings.home)


def test_a_password_that_is_gone_makes_no_report(
    settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never one without a password: the tick is invalid, and says why."""
    schedule = _create(settings, registry, password_name="auditors")
    monkeypatch.delenv("AUDITORS_PASSWORD")
    assert claim_due_ticks(settings, now=FIRST) == ()
    ((tick,), _) = registry.schedules.list_ticks(schedule.id)
    assert tick.is_invalid
    assert "AUDITORS_PASSWORD" in tick.reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"password_name": "nobodys"}, "no password 'nobodys'; known: auditors, weak"),
        ({"password_name": "theirs"}, "no password 'theirs'; known: auditors, weak"),
        ({"password_name": "weak"}, "guessed first"),
        ({"password_name": "auditors", "pdf_variant": "pdf/a-3b"}, "PDF/A forbids encryption"),
        ({"password": PASSWORD}, "Use password_name here"),
        ({"password": PASSWORD, "password_name": "auditors"}, "either password or password_name"),
    ],
)
def test_a_password_that_cannot_be_used_is_refused(
    settings: Settings, registry: Registry, options: dict[str, Any], reason: str
) -> None:
    """When the schedule is made; no message repeats a password."""
    with pytest.raises(RequestError) as caught:
        _create(settings, registry, **options)
    messages = " ".join(problem.message for problem in caught.value.details)
    assert reason in messages
    assert "password1234" not in messages
    assert PASSWORD not in messages
