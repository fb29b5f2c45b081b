"""The end of an attestation: reported once before, and once when it has come, in the audit log and as an alert."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from policycortex.period import Period
from policycortex.scoring.attestations import AttestationScope, Statement
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.workflow.attestation_notices import has_due_notices, note_ends

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
END: Final = datetime(2026, 6, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Reported ten days before."""
    return Settings(home=tmp_path / "home", attestation_notice_days=10)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Of that home."""
    with closing(open_registry(settings)) as registry:
        yield registry


def attest(registry: Registry, organization: str = "default", *, approved: bool = True, end: datetime = END) -> str:
    """A statement from January to ``end``; its id."""
    made = registry.attestations.request_attestation(
        organization,
        Statement.MET,
        AttestationScope(framework="soc2", requirements=("CC1.1", "CC1.2")),
        reason="reviewed",
        valid=Period(start=START, end=end),
        by="key_asks",
        now=START,
    )
    if approved:
        registry.attestations.approve_record(organization, made.id, by="key_approves", now=START)
    return made.id


def events(registry: Registry, organization: str = "default") -> list[tuple[str, str | None]]:
    """Action and subject of the organisation's audit events."""
    return [(record.action, record.subject) for record in registry.audit_log.read_records(organization)]


def test_each_end_is_reported_once(settings: Settings, registry: Registry) -> None:
    """Not eleven days before, ten days before, and at the end; in each organisation its own, again nothing."""
    own, other = attest(registry), attest(registry, "other")
    assert note_ends(settings, now=END - 11 * DAY) == ()
    assert not has_due_notices(settings, now=END - 11 * DAY)
    assert has_due_notices(settings, now=END - 10 * DAY)
    assert sorted(note_ends(settings, now=END - 10 * DAY)) == sorted([(own, "expiring"), (other, "expiring")])
    for now in (END - 10 * DAY, END - timedelta(seconds=1)):
        assert note_ends(settings, now=now) == ()
    assert sorted(note_ends(settings, now=END)) == sorted([(own, "expired"), (other, "expired")])
    assert note_ends(settings, now=END + 400 * DAY) == ()
    assert not has_due_notices(settings, now=END + 400 * DAY)
    for organization, id_ in (("default", own), ("other", other)):
        assert events(registry, organization) == [("attestation_expiring", id_), ("attestation_expired", id_)]


def test_two_at_the_same_time_report_it_once(settings: Settings, registry: Registry) -> None:
    """Each of four threads has a registry of its own."""
    id_ = attest(registry)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: note_ends(settings, now=END), range(4)))
    assert [each for part in found for each in part] == [(id_, "expired")]
    assert events(registry) == [("attestation_expired", id_)]


def test_what_never_held_is_not_reported(settings: Settings, registry: Registry) -> None:
    """Requests that nobody approved, and what was revoked; one that was renewed is reported as the others."""
    attest(registry, approved=False)
    revoked = attest(registry)
    registry.attestations.revoke_record("default", revoked, by="key_asks", now=START + DAY)
    assert note_ends(settings, now=END - DAY) == note_ends(settings, now=END + DAY) == ()


def test_the_alert_names_what_ends_and_when(settings: Settings, registry: Registry) -> None:
    """One alert in the queue for each notice."""
    id_ = attest(registry)
    note_ends(settings, now=END - DAY)
    note_ends(settings, now=END)
    reasons = []
    while (row := registry.alerts.claim_alert(now=END, lease=DAY)) is not None:
        reasons.append((row.kind, row.reason))
        registry.alerts.settle_sent(row, now=END)
    about = f"attestation {id_} (met for CC1.1, CC1.2 of soc2)"
    assert sorted(reasons) == [
        ("expiry", f"{about} ended at 2026-06-01 00:00 UTC"),
        ("expiry", f"{about} ends at 2026-06-01 00:00 UTC"),
    ]
