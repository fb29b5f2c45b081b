"""Files are found and recognised by content; a file that cannot be read gives one clear message."""

import bz2
import gzip
import hashlib
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

import pyarrow as pa
import pytest

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.model import Finding
from policycortex.findings.reading import archives
from policycortex.findings.sources import SourceFile, detect_parser, list_sources, release_archives
from tests.support.found_files import find_sources, read_findings
from tests.unit.findings.ocsf_records import array_text, ocsf_record

CONTENT = array_text(ocsf_record(number) for number in range(50))


def test_compression_and_format_are_recognised_by_content(tmp_path: Path) -> None:
    """Wrong names do not matter; the digest is of the bytes on disk."""
    (tmp_path / "a.json").write_bytes(gzip.compress(CONTENT))
    (tmp_path / "b.csv").write_bytes(CONTENT)
    (tmp_path / "c").write_bytes(pa.Codec("zstd").compress(CONTENT, asbytes=True))
    (tmp_path / "readme.txt").write_text("not findings")
    sources = find_sources([tmp_path])
    assert [(each.name, each.compression) for each in sources] == [
        ("a.json", "gzip"),
        ("b.csv", "plain"),
        ("c", "zstd"),
    ]
    for source in sources:
        assert source.sha256 == hashlib.sha256(source.path.read_bytes()).hexdigest()
        assert source.byte_size == source.path.stat().st_size
        assert detect_parser(source)[0] == "ocsf"
        assert len(list(read_findings(source))) == 50


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_decoded(tmp_path: Path, codec: str) -> None:
    """With a byte order mark, and without one by the first two bytes."""
    (tmp_path / "a.json").write_bytes(CONTENT.decode().encode(codec))
    (source,) = find_sources([tmp_path / "a.json"])
    assert len(list(read_findings(source))) == 50


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_findings_files_of_a_tar_archive_are_read(tmp_path: Path, mode: Literal["w", "w:gz", "w:bz2", "w:xz"]) -> None:
    """Each is a file of its own, named with the archive; other files are only listed."""
    path = tmp_path / "scans.tar"
    with tarfile.open(path, mode) as archive:
        for name, content in (("a/one.json", CONTENT), ("two.json.gz", gzip.compress(CONTENT)), ("read.me", b"text")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    listed = list_sources([path])
    assert [each.name for each in listed.sources] == ["scans.tar/a/one.json", "scans.tar/two.json.gz"]
    assert listed.skipped == ("scans.tar/read.me",)
    assert {each.sha256 for each in listed.sources} == {hashlib.sha256(CONTENT).hexdigest()}
    assert [len(list(read_findings(each))) for each in listed.sources] == [50, 50]


@pytest.mark.parametrize("files", [3, 60])
def test_a_compressed_tar_archive_is_unpacked_once(tmp_path: Path, files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files it has: reading the last one does not unpack all others again."""
    path = tmp_path / "scans.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for number in range(files):
            member = tarfile.TarInfo(f"scan-{number:02d}.json")
            member.size = len(CONTENT)
            archive.addfile(member, BytesIO(CONTENT))
    unpacked: list[str] = []
    unpack = archives._unpacked

    def unpack_counted(stream: BinaryIO) -> BinaryIO:
        unpacked.append(path.name)
        return unpack(stream)

    monkeypatch.setattr(archives, "_unpacked", unpack_counted)
    listed = list_sources([path])
    assert [len(list(read_findings(each))) for each in listed.sources] == [50] * files
    release_archives()
    assert unpacked == [path.name]


def test_a_cut_tar_archive_is_refused(tmp_path: Path) -> None:
    """Plain: a file in it ends too early. Compressed: the compressed data does."""
    for mode, name in (("w", "a.tar"), ("w:gz", "a.tgz")):
        path = tmp_path / name
        with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
            member = tarfile.TarInfo("scan.json")
            member.size = len(CONTENT)
            archive.addfile(member, BytesIO(CONTENT))
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3 if mode == "w:gz" else 1024])
        listed = list_sources([path])
        assert listed.sources == ()
        assert "get a" in listed.failed[0].reason


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_bzip2_and_xz_are_decompressed(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    """By content, whatever the name."""
    (tmp_path / "a.json").write_bytes(compress(CONTENT))
    (source,) = find_sources([tmp_path / "a.json"])
    assert len(list(read_findings(source))) == 50


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """300 MB of spaces in a few kilobytes: neither as xz nor in a zip archive."""
    bomb = b"[" + b" " * 300_000_000
    (tmp_path / "a.json").write_bytes(bz2.compress(bomb))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("c.json", bomb)
    listed = list_sources([tmp_path])
    assert "unpacks to more than" in listed.failed[0].reason
    with pytest.raises(InputError, match="unpacks to more than"):
        read_whole(listed.sources[0])


def read_whole(source: SourceFile) -> None:
    """Read the whole stream."""
    with source.open() as stream:
        while stream.read(1_000_000):
            pass


def test_a_file_named_twice_is_read_once_and_order_does_not_matter(tmp_path: Path) -> None:
    """Folder, glob and path may overlap."""
    for name in ("b.json", "a.json"):
        (tmp_path / name).write_bytes(CONTENT)
    sources = find_sources([tmp_path / "b.json", str(tmp_path / "*.json"), tmp_path])
    assert [each.name for each in sources] == ["a.json", "b.json"]


def test_hidden_and_unfinished_files_of_a_folder_are_ignored(tmp_path: Path) -> None:
    """A download in progress is not a findings file yet."""
    for name in (".a.json", "b.json.part", "good.json"):
        (tmp_path / name).write_bytes(CONTENT)
    assert [each.name for each in find_sources([tmp_path])] == ["good.json"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("e.json", b"", "is empty: run the scanner again"),
        ("t.json", b"hello world", "is not a known finding format"),
        ("o.json", b'{"a": 1}', "is not a known finding format"),
        ("g.json", gzip.compress(CONTENT)[:40] + b"damage" * 50, "cannot be read: the compressed data is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    """One InputError that starts with the path."""
    path = tmp_path / name
    path.write_bytes(content)
    (source,) = find_sources([path])
    with pytest.raises(InputError) as caught:
        detect_parser(source)
    assert str(caught.value).startswith(f"{path} ")
    assert expected in str(caught.value)


def test_missing_paths_and_folders_without_findings_are_errors(tmp_path: Path) -> None:
    """Nothing is skipped silently."""
    with pytest.raises(InputError, match="does not exist"):
        find_sources([tmp_path / "no.json"])
    with pytest.raises(InputError, match="matches no file"):
        find_sources([str(tmp_path / "*.json")])
    with pytest.raises(InputError, match="holds no finding files"):
        find_sources([tmp_path])


def test_an_empty_file_in_a_folder_is_reported_not_skipped(tmp_path: Path) -> None:
    """A killed scan leaves an empty file: the caller gets the file and its error."""
    (tmp_path / "a.json").write_bytes(CONTENT)
    (tmp_path / "b.json").touch()
    _, empty = find_sources([tmp_path])
    with pytest.raises(InputError, match="is empty"):
        detect_parser(empty)


@pytest.mark.parametrize("compression", ["plain", "gzip", "zstd"])
def test_a_cut_file_gives_the_records_before_the_cut_and_then_an_error(tmp_path: Path, compression: str) -> None:
    """The records before the cut come first; the error comes last, so an import can roll back."""
    content = array_text((ocsf_record(number) for number in range(400)), indent=None)
    compressed = {
        "plain": content,
        "gzip": gzip.compress(content),
        "zstd": pa.Codec("zstd").compress(content, asbytes=True),
    }
    path = tmp_path / "cut"
    path.write_bytes(compressed[compression][: int(len(compressed[compression]) * 0.9)])
    (source,) = find_sources([path])
    seen: list[object] = []
    with pytest.raises(TruncatedFileError):
        seen.extend(read_findings(source))
    if compression != "zstd":  # one block of zstd holds them all
        assert len([each for each in seen if isinstance(each, Finding)]) > 300


def test_a_file_that_changes_after_it_was_listed_is_refused(tmp_path: Path) -> None:
    """Its digest would not match the bytes that were read."""
    path = tmp_path / "a.json"
    path.write_bytes(CONTENT)
    (source,) = find_sources([path])
    path.write_bytes(CONTENT + b" ")
    with pytest.raises(InputError, match="changed while it was read"):
        detect_parser(source)


def zipped(path: Path, *members: tuple[str, bytes]) -> Path:
    """A zip archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_an_archive_in_an_archive_is_refused_and_keeps_no_neighbour_out(tmp_path: Path) -> None:
    """It is named with what to do, and so is a file that was compressed twice; it is never skipped."""
    inner = zipped(tmp_path / "inner.zip", ("a.json", CONTENT)).read_bytes()
    packed = zipped(
        tmp_path / "all.zip",
        ("inner.zip", inner), ("twice.json.gz", gzip.compress(gzip.compress(CONTENT))), ("../up.json", CONTENT),
    )  # fmt: skip
    listed = list_sources([packed])
    read = {}
    for source in listed.sources:
        try:
            read[source.member] = detect_parser(source)[0]
        except InputError as error:
            read[source.member] = "refused" if "an archive in an archive, or compressed twice" in str(error) else ""
    assert (listed.skipped, listed.failed) == ((), ())
    assert read == {"inner.zip": "refused", "twice.json.gz": "refused", "../up.json": "ocsf"}


def test_two_files_of_one_name_in_a_zip_archive_are_not_one(tmp_path: Path) -> None:
    """Only the last one could be read, so the archive is refused."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed = zipped(tmp_path / "a.zip", ("a.json", CONTENT), ("a.json", CONTENT))
    assert [each.reason.partition("cannot be read: ")[2] for each in list_sources([packed]).failed] == [
        "the zip archive has several files named a.json: unpack it yourself"
    ]


def test_archives_of_any_name_are_found_in_a_folder_but_documents_are_not(tmp_path: Path) -> None:
    """A compressed tar archive is read; documents of office programs, which are zip archives, are skipped."""
    with tarfile.open(tmp_path / "scan.tar.gz", "w:gz") as archive:
        archive.addfile(tar_info("a.json", CONTENT), BytesIO(CONTENT))
    zipped(tmp_path / "report.xlsx", ("xl/workbook.xml", b"<workbook/>"))
    listed = list_sources([tmp_path])
    assert [each.name for each in listed.sources] == ["scan.tar.gz/a.json"]
    assert (listed.skipped, listed.failed) == (("report.xlsx",), ())


def tar_info(name: str, content: bytes) -> tarfile.TarInfo:
    """The header of a file in a tar archive."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("start", ["", " \r\n"])
def test_wide_encodings_are_decoded(tmp_path: Path, encoding: str, start: str) -> None:
    """With a byte order mark, and without one where JSON begins."""
    (tmp_path / "a.json").write_bytes((start + CONTENT.decode()).encode(encoding))
    [source] = find_sources([tmp_path / "a.json"])
    assert detect_parser(source)[0] == "ocsf"
    with source.open() as stream:
        assert stream.read().decode().lstrip("\ufeff \r\n") == CONTENT.decode().lstrip()
