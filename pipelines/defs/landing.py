"""The sensor of the landing zone: one run per new content, not too many at once, and files put away by what became.

Nothing is remembered but what the files and the runs themselves tell: a crash between any two steps repeats a look.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import dagster as dg

from pipelines.defs.ingest import ImportConfig
from pipelines.defs.jobs import ingest_findings
from pipelines.failures import core_errors_as_failures
from pipelines.resources import CoreResource
from policycortex.errors import InputError
from policycortex.names import TAG_ORGANIZATION
from policycortex.storage.objects.landing import LandedFile, Landing, open_landing

TAG_LANDED: Final = "policycortex/landed"
"""Organisation and digest of the content an import was started for."""

MAX_OPEN_RUNS: Final = 16
"""Imports queued or running; more files wait in the zone, where they cost nothing."""

_FILES_WATCHED: Final = 2_000
_MOST_ATTEMPTS: Final = 3
"""For what may pass by itself: a locked lake, a killed worker. What a file itself is to blame for ends at once."""

_ENDED_BADLY: Final = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_OPEN: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the last look noted of a file."""

    stamp: str
    digest: str | None = None


@dg.sensor(
    job=ingest_findings,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Imports files put into the landing zone (`POLICYCORTEX_LANDING_URL`, else `<home>/landing`), each "
    "content once. Imported files go to `done/`, bad ones to `parked/` with their reason.",
)
def landing_zone(context: dg.SensorEvaluationContext, core: CoreResource) -> dg.SensorResult:
    """A file is taken when two looks in a row found it alike; a bucket's objects are complete when they show."""
    with core_errors_as_failures(core):
        landing = open_landing(core.settings())
        files = landing.list_files()[:_FILES_WATCHED]
    seen = _read_cursor(context.cursor)
    look = _Look(context.instance, landing)
    noted = {file.name: look.at(file, seen.get(file.name)) for file in files}
    cursor = json.dumps({name: [each.stamp, each.digest] for name, each in noted.items() if each})
    return dg.SensorResult(run_requests=look.requests, cursor=cursor, skip_reason=look.reason(files))


class _Look:
    """One evaluation: what it asks for, and how many runs it still may."""

    def __init__(self, instance: dg.DagsterInstance, landing: Landing) -> None:
        self.requests: list[dg.RunRequest] = []
        self._asked: set[str] = set()
        self._instance = instance
        self._landing = landing
        waiting = dg.RunsFilter(job_name=ingest_findings.name, statuses=_OPEN)
        self._free = max(0, MAX_OPEN_RUNS - instance.get_runs_count(waiting))

    def at(self, file: LandedFile, seen: _Seen | None) -> _Seen | None:
        """Deal with one file; what to note of it, None once it is put away."""
        is_settled = self._landing.is_atomic or (seen is not None and seen.stamp == file.stamp)
        if not is_settled:
            return _Seen(stamp=file.stamp)
        digest = seen.digest if seen is not None and seen.stamp == file.stamp else None
        if digest is None and not self._free:
            return _Seen(stamp=file.stamp)  # hashing what cannot be started yet would be done again
        try:
            digest = digest or self._landing.digest_of(file)
        except InputError:
            return _Seen(stamp=file.stamp)  # gone, or not ours to read: perhaps at the next look
        is_there = self._follow(file, digest)
        return _Seen(stamp=file.stamp, digest=digest) if is_there else None

    def reason(self, files: Sequence[LandedFile]) -> str | None:
        """Why nothing was asked for."""
        if self.requests:
            return None
        return f"{len(files)} files wait" if files else "nothing has landed"

    def _follow(self, file: LandedFile, digest: str) -> bool:
        """Start its import, wait for it, or put the file away; whether it is still there."""
        key = f"{file.organization}:{digest}"
        runs = self._instance.get_runs(dg.RunsFilter(tags={TAG_LANDED: key}))  # newest first
        if not runs:
            self._ask(file, key, attempt=0)
            return True
        newest = runs[0]
        if newest.status is dg.DagsterRunStatus.SUCCESS:
            self._landing.put_away(file, digest)
            return False
        if newest.status not in _ENDED_BADLY or newest.tags.get("dagster/will_retry") == "true":
            return True
        reason, may_pass = _failure_of(self._instance, newest)
        if may_pass and len(runs) < _MOST_ATTEMPTS:
            self._ask(file, key, attempt=len(runs))
            return True
        self._landing.put_away(file, digest, reason=f"{reason}\nrun {newest.run_id}")
        return False

    def _ask(self, file: LandedFile, key: str, *, attempt: int) -> None:
        if not self._free or key in self._asked:
            return
        self._free -= 1
        self._asked.add(key)
        config = ImportConfig(paths=[file.location], organization=file.organization)
        request = dg.RunRequest(
            run_key=f"{key}:{attempt}",
            run_config=dg.RunConfig(ops={"imports": config}),
            tags={TAG_ORGANIZATION: file.organization, TAG_LANDED: key},
        )
        self.requests.append(request)


def _failure_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[str, bool]:
    """Why the run failed, and whether it may pass; a run that says nothing was killed, which may."""
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    for log in logs:
        failure = log.get_dagster_event().step_failure_data
        said = failure.user_failure_data
        if said is not None:
            retryable = said.metadata.get("retryable")
            return said.description or "the import failed", bool(retryable and retryable.value)
        if failure.error is not None:
            return failure.error.message.strip(), False
    return "the import ended without a word; its process was probably killed", True


def _read_cursor(cursor: str | None) -> Mapping[str, _Seen]:
    try:
        noted = json.loads(cursor or "{}")
        return {name: _Seen(stamp=stamp, digest=digest) for name, (stamp, digest) in noted.items()}
    except (ValueError, TypeError, AttributeError):
        return {}  # of an earlier version; the next look notes all anew
