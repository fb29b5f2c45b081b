"""Says once that an attestation ends soon, and once that it has ended: in the audit log, and as an alert."""

from contextlib import closing
from datetime import datetime, timedelta

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.attestation_notices import NoticeKind


def has_due_notices(settings: Settings, *, now: datetime) -> bool:
    """Whether ``note_ends`` has something to do. One small query."""
    with closing(open_registry(settings)) as registry:
        return registry.attestation_notices.is_any_due(before=_before(settings), now=now)


def note_ends(settings: Settings, *, now: datetime) -> tuple[tuple[str, NoticeKind], ...]:
    """Note the ends that are due, of all organisations. Returns the new notices; again: none."""
    with closing(open_registry(settings)) as registry:
        return registry.attestation_notices.note_due(before=_before(settings), now=now)


def _before(settings: Settings) -> timedelta:
    return timedelta(days=settings.attestation_notice_days)
