"""Uploads of an API under test: what waits in the landing zone, and what a run does with it."""

from datetime import UTC, datetime

from policycortex.storage.objects.landing import LandedFile, open_landing
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.uploads import reported_upload
from tests.support.api_server import ApiServer


def landed(server: ApiServer) -> list[LandedFile]:
    """Files of the test's organisation that wait in the landing zone."""
    return [file for file in open_landing(server.settings).list_files() if file.organization == server.organization]


def run_import(server: ApiServer, upload_id: str) -> None:
    """What the run of the upload does."""
    [file] = [each for each in landed(server) if each.upload_id == upload_id]
    upload = server.registry.uploads.get_upload(server.organization, upload_id)
    with reported_upload(server.settings, upload_id, organization=server.organization, run_id="run") as report:
        summary = ingest_files(
            server.settings,
            [file.location],
            organization=server.organization,
            now=datetime.now(UTC),
            target=upload.target,
            on_records=report.note_records,
        )
        report.end(summary)
