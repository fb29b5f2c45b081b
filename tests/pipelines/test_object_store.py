"""Findings in a bucket of a real S3 server: by URL, by prefix, by pattern, and as the landing zone."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import httpx
import obstore
import pytest

from pipelines.defs.landing import landing_zone
from pipelines.resources import CoreResource
from policycortex.errors import InputError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.objects.landing import open_landing
from policycortex.storage.objects.locations import open_store
from policycortex.storage.objects.object_files import list_objects
from policycortex.workflow.ingest import IngestSummary, check_locations, ingest_files
from tests.support.servers import ObjectServer
from tests.unit.findings.ocsf_records import array_text, ocsf_record

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def bucket(s3_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """An empty bucket ``scans``, and the store's own variables in the environment."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    with httpx.Client(base_url=f"{s3_server.url}/scans", trust_env=False, timeout=120) as client:
        client.put("/")
        for found in list_objects("s3://scans"):
            obstore.delete(open_store("s3://scans"), found.key)  # moto refuses a DELETE without a key
        yield client


def put(bucket: httpx.Client, key: str, number: int = 0, *, is_packed: bool = False) -> None:
    """A scan of one finding."""
    content = array_text([ocsf_record(number)])
    bucket.put(f"/{key}", content=gzip.compress(content) if is_packed else content).raise_for_status()


def ingest(settings: Settings, *urls: str) -> IngestSummary:
    """Import them for the default organisation."""
    return ingest_files(settings, urls, organization="default", now=NOW)


def test_an_object_a_prefix_and_a_pattern_are_imported(bucket: httpx.Client, settings: Settings) -> None:
    """Each object's own content once; what is no findings is left alone below a prefix."""
    put(bucket, "2026/11/a.json", 1)
    put(bucket, "2026/11/b.json.gz", 2, is_packed=True)
    put(bucket, "2026/10/c.json", 3)
    bucket.put("/2026/11/notes.md", content=b"# notes").raise_for_status()
    one = ingest(settings, "s3://scans/2026/11/a.json")
    assert [(r.file_name, r.is_new, r.kept) for r in one.files] == [("a.json", True, 1)]
    below = ingest(settings, "s3://scans/2026/11")
    assert [(r.file_name, r.is_new) for r in below.files] == [("a.json", False), ("b.json.gz", True)]
    matched = ingest(settings, "s3://scans/2026/*/?.json")
    assert [(r.file_name, r.is_new) for r in matched.files] == [("c.json", True), ("a.json", False)]


@pytest.mark.parametrize("url", ["s3://scans/nothing", "s3://no-such-bucket/x", "s3://scans/*.csv"])
@pytest.mark.usefixtures("bucket")
def test_what_does_not_exist_is_reported(url: str, settings: Settings) -> None:
    """Before anything is made, with the URL in the message."""
    with pytest.raises(InputError, match=url.partition("*")[0]):
        check_locations([url])
    with pytest.raises(InputError):
        ingest(settings, url)


@pytest.mark.usefixtures("bucket")
def test_a_store_that_does_not_answer_may_be_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retryable error, and soon."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(UnavailableError, match="does not answer"):
        check_locations(["s3://scans/x"])


def test_a_bucket_may_be_the_landing_zone(
    bucket: httpx.Client, settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object is complete when it shows: one look asks for a run, done and parked objects are not seen again."""
    monkeypatch.setenv("POLICYCORTEX_LANDING_URL", "s3://scans/in")
    put(bucket, "in/acme/a.json", 1)
    put(bucket, "in/parked/acme/old.json", 2)
    put(bucket, "elsewhere.json", 3)
    core = CoreResource(home=str(settings.home))
    with dg.build_sensor_context(instance=instance, resources={"core": core}) as context:
        result = landing_zone(context)
    assert isinstance(result, dg.SensorResult)
    [request] = result.run_requests or []
    config = request.run_config["ops"]["imports"]["config"]
    assert config == {"paths": ["s3://scans/in/acme/a.json"], "organization": "acme", "folder": ""}
    landing = open_landing(settings.model_copy(update={"landing_url": "s3://scans/in"}))
    [file] = landing.list_files()
    assert landing.move_processed(file, landing.digest_of(file), reason="bad").startswith("s3://scans/in/parked/acme/")
    assert landing.list_files() == ()
    assert landing.move_processed(file, "gone") == "nowhere: it has gone"
