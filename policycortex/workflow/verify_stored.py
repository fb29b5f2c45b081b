"""Verifies the stored files of a report as their recipients do: digests, the manifest, and signatures."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from policycortex.errors import IntegrityError, NotFoundError
from policycortex.security.evidence_names import PREFIX as EVIDENCE_PREFIX
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import ArtifactStore
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry import FileRow, ReportRow
from policycortex.verify.verdict import Verdict, VerdictLine, broken, verdict_of


def verify_stored(settings: Settings, store: ArtifactStore, report: ReportRow, files: Sequence[FileRow]) -> Verdict:
    """The lines on each stored file, copies for recipients included. Raises UnavailableError.

    Whose certificate signed is for the recipient to confirm, and the audit log has a check of its own: no line is about
    them.
    """
    from policycortex.verify.report_files import verify  # noqa: PLC0415 - pyHanko and aiohttp: a second of imports

    with private_folder(settings) as folder:
        lost = tuple(_fetch_all(store, report, files, folder))
        found = verify(folder).lines
    known = {line.subject for line in lost}
    return verdict_of([*lost, *(line for line in found if line.subject not in known and _is_on_a_file(line))])


def _fetch_all(
    store: ArtifactStore, report: ReportRow, files: Sequence[FileRow], folder: Path
) -> Iterator[VerdictLine]:
    """Copy all files under their names in a bundle; a line for each that cannot be."""
    extensions = {artifact.format.value: artifact.extension for artifact in report.artifacts}
    stored = [(f"report.{each.extension}", each.key, each.sha256) for each in report.artifacts]
    stored += [(_name_in_bundle(each, extensions), each.key, each.sha256) for each in files]
    for name, key, sha256 in stored:
        try:
            with store.open_artifact(key, sha256=sha256) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target)
        except IntegrityError:
            yield broken(name, "the stored file was changed: its SHA-256 is not the one of the file that was made")
        except NotFoundError:
            yield broken(name, "the stored file is missing")


def _name_in_bundle(file: FileRow, extensions: dict[str, str]) -> str:
    """``report.csv.p7s`` of ``csv.p7s``; ``<delivery id>.pdf`` of ``<delivery id>/pdf``; other names stay."""
    delivery_id, slash, _ = file.name.partition("/")
    if slash:
        return f"{delivery_id}.{file.extension}"
    signed = extensions.get(file.name.removesuffix(".p7s"))
    if signed is None or file.name.startswith(EVIDENCE_PREFIX):
        return file.name
    return f"report.{signed}.p7s"


def _is_on_a_file(line: VerdictLine) -> bool:
    return not line.subject.startswith(("signer", "audit log"))
