"""The sensor of the landing zone: starts one run per new content and moves files by the result of their run.

Its state is only that of the files and of the runs, so that a crash at any point is followed by a repeated evaluation.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import dagster as dg

from pipelines.defs.jobs import ingest_findings
from pipelines.failures import core_errors_as_failures
from pipelines.sensor_core import core_of
from policycortex.errors import InputError
from policycortex.names import TAG_ORGANIZATION
from policycortex.storage.objects.landing import LandedFile, Landing, open_landing
from policycortex.storage.registry.uploads import UploadRow
from policycortex.workflow.uploads import LandedUploads, open_uploads

TAG_LANDED: Final = "policycortex/landed"
"""Run tag: organisation and digest of the content that the run imports."""

MAX_OPEN_RUNS: Final = 16
"""Maximum of imports that are queued or running. Further files wait in the landing zone."""

_FILES_WATCHED: Final = 2_000
HASHED_BYTES: Final = 1_000_000_000
"""Bytes that one evaluation reads at most; other files wait for the next. Dagster ends an evaluation after 60 s."""
_MOST_ATTEMPTS: Final = 3
"""For transient failures: a locked lake, a killed worker. A failure that the file itself causes is final."""

_FAILED_OR_CANCELED: Final = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_OPEN: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """State of a file at the last evaluation."""

    stamp: str
    digest: str | None = None


@dg.sensor(
    job=ingest_findings,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Imports files put into the landing zone (`POLICYCORTEX_LANDING_URL`, else `<home>/landing`), each "
    "content once. Moves imported files to `done/`, and files that cannot be imported to `parked/`, with the reason.",
)
def landing_zone(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Imports a file that two evaluations found unchanged. Objects of a bucket are complete once listed."""
    core = core_of(context)
    with core_errors_as_failures(core):
        settings = core.settings()
        landing = open_landing(settings)
        files = landing.list_files()[:_FILES_WATCHED]
        if not files:
            return dg.SensorResult(cursor="{}", skip_reason="the landing zone is empty")
        seen = _read_cursor(context.cursor)
        with open_uploads(settings, files) as uploads:
            evaluation = _Evaluation(context.instance, landing, uploads)
            noted = {file.name: evaluation.evaluate(file, seen.get(file.name)) for file in files}
    cursor = json.dumps({name: [each.stamp, each.digest] for name, each in noted.items() if each})
    return dg.SensorResult(run_requests=evaluation.requests, cursor=cursor, skip_reason=evaluation.skip_reason(files))


class _Evaluation:
    """One evaluation of the sensor: its run requests, and how many more it may make."""

    def __init__(self, instance: dg.DagsterInstance, landing: Landing, uploads: LandedUploads) -> None:
        self.requests: list[dg.RunRequest] = []
        self._requested: set[str] = set()
        self._instance, self._landing, self._uploads = instance, landing, uploads
        waiting = dg.RunsFilter(job_name=ingest_findings.name, statuses=_OPEN)
        self._free = max(0, MAX_OPEN_RUNS - instance.get_runs_count(waiting))
        self._hashable = HASHED_BYTES

    def evaluate(self, file: LandedFile, seen: _Seen | None) -> _Seen | None:
        """Evaluate one file; returns its state for the next evaluation, None once it was moved."""
        if file.upload_id:
            return self._evaluate_upload(file)
        is_settled = self._landing.is_atomic or (seen is not None and seen.stamp == file.stamp)
        if not is_settled:
            return _Seen(stamp=file.stamp)
        digest = seen.digest if seen is not None and seen.stamp == file.stamp else None
        if digest is None and not self._free:
            return _Seen(stamp=file.stamp)  # without a free slot, the digest would have to be computed again
        if digest is None and file.hashed_bytes > self._hashable:
            return _Seen(stamp=file.stamp)
        try:
            digest = digest or self._hash(file)
        except InputError:
            return _Seen(stamp=file.stamp)  # removed or not readable; the next evaluation tries again
        is_there = self._follow(file, f"{file.organization}:{digest}", digest)
        return _Seen(stamp=file.stamp, digest=digest) if is_there else None

    def _hash(self, file: LandedFile) -> str:
        self._hashable -= file.hashed_bytes
        return self._landing.digest_of(file)

    def _evaluate_upload(self, file: LandedFile) -> _Seen | None:
        """The same for an uploaded file: complete once listed, with a run and a target of its own."""
        upload = self._uploads.find(file)
        if upload is None:
            if self._uploads.is_abandoned(file):
                self._landing.remove(file)
            return None
        is_there = self._follow(file, f"{file.organization}:{upload.id}", upload.sha256, upload)
        return _Seen(stamp=file.stamp) if is_there else None

    def skip_reason(self, files: Sequence[LandedFile]) -> str | None:
        """Why no run was requested; None when one was."""
        if self.requests:
            return None
        return f"{len(files)} files wait"

    def _follow(self, file: LandedFile, key: str, digest: str, upload: UploadRow | None = None) -> bool:
        """Start the file's import, wait for it, or move the file. Returns whether the file is still in place."""
        runs = self._instance.get_runs(dg.RunsFilter(tags={TAG_LANDED: key}))  # newest first
        if not runs:
            self._request(file, key, attempt=0, upload=upload)
            return True
        newest = runs[0]
        if newest.status is dg.DagsterRunStatus.SUCCESS:
            self._landing.move_processed(file, digest)
            return False
        if newest.status not in _FAILED_OR_CANCELED or newest.tags.get("dagster/will_retry") == "true":
            return True
        reason, is_transient = _failure_of(self._instance, newest)
        if is_transient and len(runs) < _MOST_ATTEMPTS:
            self._request(file, key, attempt=len(runs), upload=upload)
            return True
        if upload is not None:
            self._uploads.fail(upload, reason)
        self._landing.move_processed(file, digest, reason=f"{reason}\nrun {newest.run_id}")
        return False

    def _request(self, file: LandedFile, key: str, *, attempt: int, upload: UploadRow | None) -> None:
        if not self._free or key in self._requested:
            return
        self._free -= 1
        self._requested.add(key)
        config = {"paths": [file.location], "organization": file.organization, "folder": file.folder}
        if upload is not None:
            config |= {"upload_id": upload.id, "target": upload.target}
        request = dg.RunRequest(
            run_key=f"{key}:{attempt}",
            run_config={"ops": {"imports": {"config": config}}},
            tags={TAG_ORGANIZATION: file.organization, TAG_LANDED: key},
        )
        self.requests.append(request)


def _failure_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[str, bool]:
    """Why the run failed, and whether that is transient. A run without a reason was killed: transient."""
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    for log in logs:
        failure = log.get_dagster_event().step_failure_data
        data = failure.user_failure_data
        if data is not None:
            retryable = data.metadata.get("retryable")
            return data.description or "the import failed", bool(retryable and retryable.value)
        if failure.error is not None:
            return failure.error.message.strip(), False
    return "the import ended without a reason; its process was probably killed", True


def _read_cursor(cursor: str | None) -> Mapping[str, _Seen]:
    try:
        noted = json.loads(cursor or "{}")
        return {name: _Seen(stamp=stamp, digest=digest) for name, (stamp, digest) in noted.items()}
    except (ValueError, TypeError, AttributeError):
        return {}  # a cursor of an earlier version; the next evaluation writes a new one
