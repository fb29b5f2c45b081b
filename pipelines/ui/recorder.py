"""Writes what people do in the UI to the audit log. A mutation is on disk before Dagster gets it."""

import json
import logging
from collections.abc import Sequence
from typing import Final

from pipelines.ui.access import Caller, UiAccess
from pipelines.ui.graphql_calls import Mutation
from policycortex.audit.chain import NO_ORGANIZATION, AuditEvent, AuditOutcome
from policycortex.audit.refusals import RefusalSummaries
from policycortex.audit.write_ahead_log import WriteAheadLog
from policycortex.errors import UnavailableError
from policycortex.settings import Settings

ACTION: Final = "dagster_changed"
_MOST_SHOWN: Final = 2000
_log: Final = logging.getLogger("policycortex.ui")


class UiRecorder:
    """Events of the audit log's chain ``-``: what the UI changes belongs to the whole installation."""

    def __init__(self, settings: Settings, access: UiAccess) -> None:
        self._access = access
        self._log = WriteAheadLog(
            settings.home / "trail",
            lambda *events: access.registry.audit_log.append_events(*events),  # noqa: PLW0108 - opened at first use
            _log.warning,
        )
        self._refusals = RefusalSummaries(self._log.end)

    def begin(self, caller: Caller, address: str | None, mutations: Sequence[Mutation]) -> "Recorded":
        """Write that the mutations are about to happen; they may happen after this. Raises UnavailableError."""
        recorded = Recorded(self._log, self._event(caller, address, mutations))
        recorded.begin()
        return recorded

    def refuse(self, caller: Caller | None, address: str | None, *, code: str, path: str) -> None:
        """Record a refused request: the first of an address, then one record a minute with their number."""
        details = {"code": code, "path": path[:200]}
        event = AuditEvent(
            organization=NO_ORGANIZATION,
            at=self._access.now(),
            action="dagster_refused",
            actor=caller.actor if caller is not None and caller.actor else "nobody",
            address=address,
            outcome=AuditOutcome.REFUSED,
            details=details,
        )
        if self._refusals.is_counted(event):
            return
        try:
            self._log.end(event)
        except UnavailableError as error:
            _log.warning("a refusal is not in the audit log: %s", error)

    def close(self) -> None:
        """Write the rest."""
        self._refusals.close()
        self._log.close()

    def _event(self, caller: Caller, address: str | None, mutations: Sequence[Mutation]) -> AuditEvent:
        shown = [{"name": mutation.name, "arguments": _summary(mutation)} for mutation in mutations]
        return AuditEvent(
            organization=NO_ORGANIZATION,
            at=self._access.now(),
            action=ACTION,
            actor=caller.actor,
            address=address,
            subject=", ".join(mutation.name for mutation in mutations)[:200],
            outcome=AuditOutcome.UNKNOWN,
            details={"mutations": shown},
        )


class Recorded:
    """One event from its beginning to its end."""

    def __init__(self, log: WriteAheadLog, event: AuditEvent) -> None:
        self._log, self._event, self._entry_id = log, event, ""

    def begin(self) -> None:
        """Write it and wait for the disk."""
        self._entry_id = self._log.begin(self._event)
        self._log.sync()

    def end(self, status: int) -> None:
        """Write how Dagster answered. 0: it gave no answer."""
        outcome = AuditOutcome.DONE if 0 < status < 400 else AuditOutcome.FAILED
        event = self._event
        ended = AuditEvent(
            organization=event.organization,
            at=event.at,
            action=event.action,
            actor=event.actor,
            address=event.address,
            subject=event.subject,
            outcome=outcome,
            details={**event.details, "status": status},
        )
        self._log.end(ended, self._entry_id)


def _summary(mutation: Mutation) -> str:
    text = json.dumps(dict(mutation.arguments), default=str, sort_keys=True)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}... ({len(text)} characters)"
