"""Files are complete before they are found, checked before they are returned, and removed when deleted."""

import hashlib
import stat
from pathlib import Path

import pytest

from policycortex.errors import IntegrityError, NotFoundError, UnavailableError
from policycortex.names import ReportFormat
from policycortex.storage.objects.artifacts import FolderArtifacts

REPORT = "rpt_0123456789abcdef"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file to store."""
    path = tmp_path / "source.bin"
    path.write_bytes(b"content" * 300_000)
    return path


def test_a_file_comes_back_as_it_was(tmp_path: Path, source: Path) -> None:
    """The same bytes, digest and size, readable by the owner only, under ids."""
    store = FolderArtifacts(root=tmp_path / "artifacts")
    stored = store.put_artifact(REPORT, ReportFormat.EXCEL, source)
    with store.open_artifact(stored.key, sha256=stored.sha256) as stream:
        assert stream.read() == source.read_bytes()
    assert stored.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert stored.size_bytes == source.stat().st_size
    assert stored.key == f"{REPORT}/excel-{stored.sha256[:16]}.xlsx"
    assert stat.S_IMODE((store.root / stored.key).stat().st_mode) == 0o600


def test_other_bytes_never_replace_a_stored_file(tmp_path: Path, source: Path) -> None:
    """A second run does not change the first run's file; equal bytes are the same file."""
    store = FolderArtifacts(root=tmp_path / "artifacts")
    first = store.put_artifact(REPORT, ReportFormat.PDF, source)
    assert store.put_artifact(REPORT, ReportFormat.PDF, source) == first
    source.write_bytes(b"other")
    assert store.put_artifact(REPORT, ReportFormat.PDF, source) != first
    store.open_artifact(first.key, sha256=first.sha256).close()


def test_a_damaged_or_missing_file_is_reported(tmp_path: Path, source: Path) -> None:
    """One flipped byte is IntegrityError, none at all NotFoundError."""
    store = FolderArtifacts(root=tmp_path / "artifacts")
    stored = store.put_artifact(REPORT, ReportFormat.PDF, source)
    path = store.root / stored.key
    path.write_bytes(b"C" + path.read_bytes()[1:])
    with pytest.raises(IntegrityError, match="differs"):
        store.open_artifact(stored.key, sha256=stored.sha256)
    path.unlink()
    with pytest.raises(NotFoundError):
        store.open_artifact(stored.key, sha256=stored.sha256)


@pytest.mark.parametrize("key", ["../secret", "/etc/passwd", "rpt_1/../../x-0123456789abcdef.pdf", ""])
def test_a_key_names_no_other_path(tmp_path: Path, key: str) -> None:
    """Invalid keys are refused before the disk is read."""
    with pytest.raises(IntegrityError, match="not a key"):
        FolderArtifacts(root=tmp_path).open_artifact(key, sha256="0" * 64)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """A source that cannot be read: UnavailableError, and no temporary file."""
    store = FolderArtifacts(root=tmp_path / "artifacts")
    with pytest.raises(UnavailableError):
        store.put_artifact(REPORT, ReportFormat.PDF, tmp_path / "absent")
    assert list((store.root / REPORT).iterdir()) == []


def test_deleting_a_report_removes_all_its_files(tmp_path: Path, source: Path) -> None:
    """Again is no error."""
    store = FolderArtifacts(root=tmp_path / "artifacts")
    store.put_artifact(REPORT, ReportFormat.PDF, source)
    store.delete_report(REPORT)
    store.delete_report(REPORT)
    assert not (store.root / REPORT).exists()
