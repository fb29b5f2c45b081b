"""S3 with moto, Azure Blob with Azurite, GCS with its emulator: bytes, checksums and failures."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import httpx
import obstore
import pytest
from botocore.config import Config
from obstore.store import AzureStore

from policycortex.channels.azure_blob import AzureBlobConnection
from policycortex.channels.gcs import GcsConnection
from policycortex.channels.model import DeliveredFile, Destination
from policycortex.channels.s3 import S3Connection
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError
from tests.delivery.conftest import PROJECT, Start, free_port, program
from tests.support.samples.delivery import check_over, sample_content, send_over

ARCHIVE = Destination(channel="s3", connection="archive", target="{{framework}}/{{date}}/{{name}}")
NAME = "SOC 2/2026-04-01/Monthly Executive Compliance Report"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The published key of Azurite's only account."""


_EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("S3_KEY", "planted-secret-key")
    monkeypatch.setenv("AZURE_KEY", AZURE_KEY)


@pytest.fixture
def s3(start: Start) -> S3Connection:
    """moto's server with one bucket."""
    port = free_port()
    start(program("moto_server", "moto"), "-H", "127.0.0.1", "-p", str(port), port=port)
    endpoint = f"http://127.0.0.1:{port}"
    httpx.put(f"{endpoint}/archive", trust_env=False, timeout=60).raise_for_status()
    fields = {"type": "s3", "bucket": "archive", "endpoint": endpoint, "timeout_seconds": 10}
    return S3Connection.model_validate(fields | {"access_key_id": "env:S3_ID", "secret_access_key": "env:S3_KEY"})


def _boto(connection: S3Connection) -> "boto3.client":
    return boto3.client(
        "s3",
        endpoint_url=connection.endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="planted-secret-key",
        config=Config(s3={"addressing_style": "path"}),
    )


def test_s3_gets_the_files_with_their_checksum(s3: S3Connection, pdf: DeliveredFile, large: DeliveredFile) -> None:
    """Another client reads equal bytes, S3's checksum and ours in the metadata; a second delivery replaces them."""
    for _ in range(2):
        receipt = send_over(s3, ARCHIVE, sample_content(pdf, large))
    client = _boto(s3)
    listed = client.list_objects_v2(Bucket="archive")["Contents"]
    assert [item["Key"] for item in listed] == [f"{NAME}.csv", f"{NAME}.pdf"]
    for file in (pdf, large):
        got = client.get_object(Bucket="archive", Key=f"{NAME}.{file.format.extension}", ChecksumMode="ENABLED")
        assert hashlib.sha256(got["Body"].read()).hexdigest() == file.sha256
        assert got["Metadata"]["sha256"] == file.sha256
        assert got["ContentType"] == file.media_type
    # moto answers with the checksum of objects in parts only; S3 itself verifies it for both
    assert client.head_object(Bucket="archive", Key=f"{NAME}.csv", ChecksumMode="ENABLED")["ChecksumSHA256"]
    assert receipt.answer == "2 objects stored"


def test_s3_failures_are_distinguished(s3: S3Connection, pdf: DeliveredFile) -> None:
    """A missing bucket is permanent, a closed port is not; no message holds a secret."""
    with pytest.raises(DeliveryRefusedError, match="NoSuchBucket") as refused:
        send_over(s3.model_copy(update={"bucket": "absent"}), ARCHIVE, sample_content(pdf))
    away = s3.model_copy(update={"endpoint": f"http://127.0.0.1:{free_port()}", "timeout_seconds": 1})
    with pytest.raises(DeliveryDeferredError) as deferred:
        send_over(away, ARCHIVE, sample_content(pdf))
    assert "planted" not in f"{refused.value} {deferred.value}"


def test_s3_accepts_only_the_right_secret(
    s3: S3Connection, pdf: DeliveredFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto accepts any secret until checks are enabled; then an IAM key works and a wrong one is refused."""
    endpoint, allowed = s3.endpoint, json.dumps(_EVERYTHING)
    guest = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "us-east-1"}
    iam = boto3.client("iam", endpoint_url=endpoint, **guest)
    iam.create_user(UserName="reports")
    iam.put_user_policy(UserName="reports", PolicyName="all", PolicyDocument=allowed)
    key = iam.create_access_key(UserName="reports")["AccessKey"]
    monkeypatch.setenv("S3_ID", key["AccessKeyId"])
    check_from(endpoint, "0")
    try:
        with pytest.raises(DeliveryRefusedError) as refused:
            send_over(s3, ARCHIVE, sample_content(pdf))
        with pytest.raises(DeliveryRefusedError):
            check_over(s3)
        assert "planted-secret-key" not in str(refused.value)
        monkeypatch.setenv("S3_KEY", key["SecretAccessKey"])
        assert send_over(s3, ARCHIVE, sample_content(pdf)).answer == "1 objects stored"
    finally:
        check_from(endpoint, "inf")  # every moto of this process looks there


def check_from(endpoint: str | None, count: str) -> None:
    """Make moto check secrets after this number of calls."""
    url = f"{endpoint}/moto-api/reset-auth"
    httpx.post(url, content=count, trust_env=False, timeout=60).raise_for_status()


def test_an_s3_connection_is_tested_by_listing(s3: S3Connection) -> None:
    """Nothing is written."""
    assert check_over(s3) == "s3://archive answers"
    with pytest.raises(DeliveryRefusedError):
        check_over(s3.model_copy(update={"bucket": "absent"}))
    assert _boto(s3).list_objects_v2(Bucket="archive")["KeyCount"] == 0


@pytest.fixture
def azure(start: Start, tmp_path: Path) -> AzureBlobConnection:
    """Azurite with one container."""
    node = program("node", "nodejs")
    script = PROJECT / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    assert script.exists(), "Azurite is missing; deploy/setup-tests.sh installs it (npm package azurite)"
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(tmp_path), "--silent"]
    start(node, script, *options, "--disableTelemetry", port=port)
    endpoint = f"http://127.0.0.1:{port}/devstoreaccount1"
    _make_container(endpoint)
    fields = {"type": "azure_blob", "account": "devstoreaccount1", "container": "archive", "timeout_seconds": 10}
    return AzureBlobConnection.model_validate(fields | {"access_key": "env:AZURE_KEY", "endpoint": endpoint})


def _make_container(endpoint: str) -> None:
    """By a call signed with the shared key, as the Azure documentation describes."""
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": date, "x-ms-version": "2021-12-02"}
    named = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    text = "PUT" + "\n" * 12 + named + "/devstoreaccount1/devstoreaccount1/archive\nrestype:container"
    signed = base64.b64encode(hmac.digest(base64.b64decode(AZURE_KEY), text.encode(), "sha256")).decode()
    headers["Authorization"] = f"SharedKey devstoreaccount1:{signed}"
    httpx.put(f"{endpoint}/archive?restype=container", headers=headers, trust_env=False, timeout=60).raise_for_status()


def test_azure_gets_the_files(azure: AzureBlobConnection, pdf: DeliveredFile, large: DeliveredFile) -> None:
    """The library reads equal bytes; a second delivery replaces the blobs."""
    for _ in range(2):
        receipt = send_over(azure, ARCHIVE, sample_content(pdf, large))
    store = AzureStore(
        "archive",
        account_name=azure.account,
        access_key=AZURE_KEY,
        endpoint=azure.endpoint,
        client_options={"allow_http": True},
    )
    for file in (pdf, large):
        got = obstore.get(store, f"{NAME}.{file.format.extension}")
        assert hashlib.sha256(bytes(got.bytes())).hexdigest() == file.sha256
        assert got.attributes["Content-Type"] == file.media_type
    assert check_over(azure) == "azure://devstoreaccount1/archive answers"
    assert receipt.answer == "2 objects stored"


def test_azure_failures_are_distinguished(
    azure: AzureBlobConnection, pdf: DeliveredFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong key and a missing container are permanent."""
    with pytest.raises(DeliveryRefusedError, match="ContainerNotFound"):
        send_over(azure.model_copy(update={"container": "absent"}), ARCHIVE, sample_content(pdf))
    monkeypatch.setenv("AZURE_KEY", base64.b64encode(b"wrong" * 13).decode())
    with pytest.raises(DeliveryRefusedError):
        send_over(azure, ARCHIVE, sample_content(pdf))


@pytest.fixture
def gcs(start: Start) -> GcsConnection:
    """The emulator with one bucket in memory; it requires no credentials."""
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--in-memory", "--default-bucket", "archive"]
    start(program("gcp-storage-emulator", "gcp-storage-emulator"), "start", *options, port=port)
    fields = {"type": "gcs", "bucket": "archive", "endpoint": f"http://127.0.0.1:{port}", "timeout_seconds": 10}
    return GcsConnection.model_validate(fields)


def test_gcs_gets_the_files(gcs: GcsConnection, pdf: DeliveredFile, large: DeliveredFile) -> None:
    """Plain HTTP reads equal bytes; the service's CRC32C was compared before the receipt was made."""
    for _ in range(2):
        receipt = send_over(gcs, ARCHIVE, sample_content(pdf, large))
    for file in (pdf, large):
        name = f"{NAME}.{file.format.extension}".replace("/", "%2F").replace(" ", "%20")
        got = httpx.get(f"{gcs.endpoint}/storage/v1/b/archive/o/{name}?alt=media", trust_env=False, timeout=60)
        assert hashlib.sha256(got.raise_for_status().content).hexdigest() == file.sha256
    assert check_over(gcs) == "gs://archive answers"
    assert receipt.answer == "2 objects stored"


def test_gcs_failures_are_distinguished(gcs: GcsConnection, pdf: DeliveredFile) -> None:
    """A missing bucket is permanent, a closed port is not."""
    with pytest.raises(DeliveryRefusedError, match="gs://absent"):
        send_over(gcs.model_copy(update={"bucket": "absent"}), ARCHIVE, sample_content(pdf))
    with pytest.raises(DeliveryDeferredError):
        send_over(gcs.model_copy(update={"endpoint": f"http://127.0.0.1:{free_port()}"}), ARCHIVE, sample_content(pdf))


def test_a_pattern_cannot_leave_the_bucket_folder(s3: S3Connection, pdf: DeliveredFile) -> None:
    """Dots and leading slashes are dropped."""
    send_over(s3, replace(ARCHIVE, target="/../../{{name}}"), sample_content(pdf, name="../x"))
    assert [item["Key"] for item in _boto(s3).list_objects_v2(Bucket="archive")["Contents"]] == ["x.pdf"]
