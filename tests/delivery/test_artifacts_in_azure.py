"""Report files in Azure Blob storage, with Azurite: complete before they are visible, verified before they are read."""

import hashlib
from pathlib import Path

import obstore
import pytest

from policycortex.channels.azure_blob import AzureBlobConnection
from policycortex.errors import IntegrityError, NotFoundError
from policycortex.names import ReportFormat
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.objects.locations import open_store, split_object_url
from tests.delivery.test_object_storage import AZURE_KEY, azure  # noqa: F401 - a fixture

REPORT = "rpt_0123456789abcdef"


@pytest.fixture
def settings(azure: AzureBlobConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:  # noqa: F811
    """Configured as docs/operations.md describes."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", azure.account)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", AZURE_KEY)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", azure.endpoint or "")
    return Settings(home=tmp_path / "home", artifacts_url=f"abfs://{azure.container}/reports")


def test_files_are_stored_in_a_container(settings: Settings, tmp_path: Path) -> None:
    """17 MB, so that parts are sent: equal bytes are read, storing again changes nothing, damage is reported."""
    source = tmp_path / "source.bin"
    source.write_bytes(bytes(range(256)) * 70_000)
    store = open_artifacts(settings)
    stored = store.put_artifact(REPORT, ReportFormat.PDF, source)
    assert store.put_artifact(REPORT, ReportFormat.PDF, source) == stored
    assert stored.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    with store.open_artifact(stored.key, sha256=stored.sha256) as stream:
        assert stream.read() == source.read_bytes()
    with store.open_artifact(stored.key, sha256=stored.sha256) as again:
        again.seek(9_000_001)
        assert again.read(300) == source.read_bytes()[9_000_001:9_000_301]
    assert [(file.key, file.size_bytes) for file in store.list_files()] == [(stored.key, stored.size_bytes)]
    root, prefix = split_object_url(settings.artifacts_url or "")
    obstore.put(open_store(root), f"{prefix}/{stored.key}", b"damaged")
    with pytest.raises(IntegrityError, match="differs"):
        store.open_artifact(stored.key, sha256=stored.sha256)
    store.delete_report(REPORT)
    with pytest.raises(NotFoundError):
        store.open_artifact(stored.key, sha256=stored.sha256)
