"""Offline check of a file, a folder or a bundle: digests, signatures, manifest, and the audit log if given."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from policycortex.audit.chain import AuditKeySource
from policycortex.errors import InputError
from policycortex.security import bundle
from policycortex.security.manifest import (
    CERTIFICATE_NAME,
    FILE_NAME,
    FORMAT,
    SIGNATURE_NAME,
    Manifest,
    ManifestFile,
    parse_manifest,
)
from policycortex.verify.audit_log import AuditLogExport, CheckedExport, check_anchor, check_export
from policycortex.verify.signatures import (
    Trust,
    check_detached,
    check_pdf,
    is_as_written,
    load_certificates,
    who_signed,
)
from policycortex.verify.verdict import Verdict, VerdictLine, broken, holds, unchecked, unproven, verdict_of

_OF_THE_BUNDLE: Final = frozenset({FILE_NAME, SIGNATURE_NAME, CERTIFICATE_NAME, bundle.README_NAME})
_LARGEST_MANIFEST: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationInputs:
    """What the check uses besides the files themselves."""

    audit_logs: Sequence[AuditLogExport] = ()
    trust: Trust = field(default_factory=Trust)
    password: str | None = None


def verify(
    path: Path,
    *,
    audit_log: Path | None = None,
    certificates: Path | None = None,
    password: str | None = None,
    key_of: AuditKeySource | None = None,
) -> Verdict:
    """Check everything that can be checked. Raises InputError when a path cannot be used."""
    trust = Trust(roots=load_certificates(certificates) if certificates is not None else ())
    lines: list[VerdictLine] = []
    exports: list[CheckedExport] = []
    if audit_log is not None:
        if not audit_log.exists():
            raise InputError(f"there is no {audit_log}")
        lines, exports = check_export(audit_log, trust.roots, key_of=key_of)
        if path.resolve() == audit_log.resolve():
            return _verdict_on_logs(lines, exports)
    else:
        lines.append(unchecked("audit log", "none was given: give an export by --trail"))
    inputs = VerificationInputs(audit_logs=[export.log for export in exports], trust=trust, password=password)
    if path.is_dir():
        found = list(_check_folder(path, inputs))
    elif not path.exists():
        raise InputError(f"there is no {path}")
    elif _is_bundle(path):
        found = list(_check_bundle(path, inputs))
    else:
        found = list(_check_file(path, inputs))
    lines += _lines_on_logs(exports, trust.organizations)
    if certificates is not None and _is_beside(certificates, path):
        lines.append(unproven(certificates.name, "it is beside the files, so it proves nothing; get it from its owner"))
    if not trust.signers:
        lines.append(unproven("signer", "no signature was found that holds"))
    return verdict_of([*found, *lines, *who_signed(trust)])


def _verdict_on_logs(lines: Sequence[VerdictLine], exports: Sequence[CheckedExport]) -> Verdict:
    """The verdict on exported audit logs alone."""
    found = [*lines, *(line for export in exports for line in export.lines)]
    if not any(line.subject.startswith("signer") for line in found):
        found.append(unproven("signer", "no signature was found that holds"))
    return verdict_of(found)


def _lines_on_logs(exports: Sequence[CheckedExport], organizations: Collection[str]) -> Iterator[VerdictLine]:
    """What was found in the audit logs of these organisations.

    Those of others say nothing about the files, unless their own parts contradict each other: a first line that was
    changed to name another organisation must not hide a log.
    """
    for export in exports:
        name = export.log.organization
        if name in organizations or not organizations:
            yield from export.lines
        else:
            yield from export.changed
            yield unchecked(f"audit log of {name!r}", "the files are not of this organisation")


def _is_beside(certificates: Path, path: Path) -> bool:
    """Whether the given certificates are the file that came with the report, which a forger replaces, too."""
    folder = path if path.is_dir() else path.parent
    return certificates.name.endswith(CERTIFICATE_NAME) and certificates.resolve().parent == folder.resolve()


def _is_bundle(path: Path) -> bool:
    """Whether it is a zip with a manifest; a damaged one is recognised by its name."""
    if path.name.endswith("bundle.zip"):
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return FILE_NAME in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _check_bundle(path: Path, inputs: VerificationInputs) -> Iterator[VerdictLine]:
    with tempfile.TemporaryDirectory(prefix="policycortex-verify-") as temporary:
        folder = Path(temporary) / "bundle"
        folder.mkdir()
        try:
            names = bundle.unpack_bundle(path, folder)
        except InputError as error:
            yield broken(path.name, str(error))
            return
        yield from _check_folder(folder, inputs)
        with tempfile.TemporaryFile() as again:
            bundle.pack_bundle(again, [(name, partial(_open, folder / name)) for name in names])
            again.seek(0)
            is_same = hashlib.file_digest(again, "sha256").hexdigest() == _digest(path)
        if is_same:
            yield holds(path.name, "the zip file is as it was packed")
        else:
            yield broken(path.name, "the zip file is not as it was packed: it was changed, or packed again")


def _check_folder(folder: Path, inputs: VerificationInputs) -> Iterator[VerdictLine]:
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    manifests = [path for path in files.values() if _is_manifest(path)]
    if not manifests:
        yield broken(FILE_NAME, "it is missing or damaged: nothing says what the files should be")
        for path in files.values():
            yield from _check_signatures_alone(path, inputs)
        return
    known: set[str] = set()
    has_whole = FILE_NAME in files
    for path in manifests:
        manifest, lines = _check_manifest(path, files, inputs)
        yield from lines
        if manifest is None:
            continue
        is_whole = path.name == FILE_NAME
        stem = "report" if is_whole else path.name.removesuffix(FILE_NAME).removesuffix(".")
        if not has_whole:
            known |= {path.name, f"{path.name}.p7s", f"{stem}.{CERTIFICATE_NAME}"}
        yield from _check_files(manifest, files, inputs, known, stem=stem, is_whole=is_whole)
        if is_whole:
            yield from _check_readme(files.get(bundle.README_NAME))
    for name in sorted(set(files) - known - _OF_THE_BUNDLE):
        yield (
            broken(name, "it is in no manifest: it was added") if has_whole else unchecked(name, "it is in no manifest")
        )


def _check_readme(path: Path | None) -> Iterator[VerdictLine]:
    """The README tells how to check without this program, so a changed one could mislead."""
    if path is None or path.read_bytes() == bundle.README.encode():
        return
    if _digest(path) in bundle.EARLIER_READMES:
        yield unchecked(path.name, "it is of an earlier version of this program; the newer one tells how to get --cert")
    else:
        yield broken(path.name, "it was changed, or comes from another version of this program")


def _check_file(path: Path, inputs: VerificationInputs) -> Iterator[VerdictLine]:
    files = {other.name: other for other in sorted(path.parent.iterdir()) if other.is_file()}
    if _is_manifest(path):
        yield from _check_manifest(path, files, inputs)[1]
        return
    manifests = [other for other in files.values() if _is_manifest(other)]
    digest, listed = _digest(path), None
    for other in manifests:
        manifest, lines = _check_manifest(other, files, inputs)
        listed = next((f for f in manifest.files if f.sha256 == digest), None) if manifest is not None else None
        if manifest is not None and listed is not None:
            yield from lines
            yield from _check_found(path, listed, files, inputs, manifest)
            return
    if manifests:
        yield broken(
            path.name, f"its SHA-256 matches no file of {', '.join(m.name for m in manifests)}: it was changed"
        )
    else:
        yield unchecked(path.name, "its digest: there is no manifest beside it; download the manifest or the bundle")
    yield from _check_signatures_alone(path, inputs)


def _check_signatures_alone(path: Path, inputs: VerificationInputs) -> Iterator[VerdictLine]:
    signature = path.with_name(f"{path.name}.p7s")
    if signature.exists():
        yield from check_detached(signature, path, inputs.trust, moment=None, subject=path.name)
    elif path.suffix == ".pdf":
        yield from check_pdf(path, inputs.trust, password=inputs.password, moment=None, subject=path.name)


def _check_manifest(
    path: Path, files: dict[str, Path], inputs: VerificationInputs
) -> tuple[Manifest | None, list[VerdictLine]]:
    subject = path.name
    try:
        manifest = parse_manifest(path.read_bytes())
        moment = datetime.fromisoformat(manifest.made_at)
    except (InputError, ValueError) as error:
        return None, [broken(subject, str(error))]
    inputs.trust.organizations.add(str(manifest.report.get("organization")))
    lines = []
    signature = files.get(f"{path.name}.p7s")
    if signature is None:
        lines.append(broken(subject, "its signature is missing"))
    else:
        lines += check_detached(signature, path, inputs.trust, moment=moment, subject=subject)
    lines += _check_certificate(files.get(path.name.removesuffix(FILE_NAME) + CERTIFICATE_NAME), inputs)
    if inputs.audit_logs:
        lines += check_anchor(manifest, _digest(path), inputs.audit_logs, subject)
    return manifest, lines


def _check_certificate(path: Path | None, inputs: VerificationInputs) -> Iterator[VerdictLine]:
    """The certificate beside the files must be the signer's: others use it for their checks."""
    if path is None:
        return
    try:
        first = load_certificates(path)[0]
    except InputError as error:
        yield broken(path.name, str(error))
        return
    if not is_as_written(path):
        yield broken(path.name, "it was changed: it is not in the form that this program writes")
    elif inputs.trust.signers and first.sha256.hex() not in inputs.trust.signers:
        yield broken(path.name, "it is not the certificate that signed: it was replaced")
    else:
        yield holds(path.name, "it is the certificate that signed")


def _check_files(
    manifest: Manifest,
    files: dict[str, Path],
    inputs: VerificationInputs,
    known: set[str],
    *,
    stem: str,
    is_whole: bool,
) -> Iterator[VerdictLine]:
    """Check each listed file. A manifest named ``<stem>.manifest.json`` has its files as ``<stem>.csv`` beside it."""
    digests = {name: _digest(path) for name, path in files.items()}
    names = {digest: name for name, digest in digests.items()}
    listed = {file.sha256: file for file in manifest.files}
    for file in manifest.files:
        own_name = f"{stem}{file.name.removeprefix('report')}" if file.delivery_id is None else file.name
        name = own_name if own_name in digests else file.name
        known |= {name, f"{name}.p7s"}
        here = digests.get(name)
        if here == file.sha256:
            yield from _check_found(files[name], file, files, inputs, manifest)
        elif here is not None and here in listed:
            yield broken(name, f"it has the content of {listed[here].name}: they were swapped")
        elif here is not None and (is_whole or file.delivery_id is None):
            size = files[name].stat().st_size
            difference = (
                f"{size} bytes instead of {file.size_bytes}" if size != file.size_bytes else "its SHA-256 differs"
            )
            yield broken(name, f"it was changed: {difference}")
        elif file.sha256 in names:
            known |= {names[file.sha256], f"{names[file.sha256]}.p7s"}
            yield from _check_found(files[names[file.sha256]], file, files, inputs, manifest)
        elif file.delivery_id is None:
            line = broken if is_whole else unchecked
            yield line(file.name, "it is missing: the manifest lists it")


def _check_found(
    path: Path, listed: ManifestFile, files: dict[str, Path], inputs: VerificationInputs, manifest: Manifest
) -> Iterator[VerdictLine]:
    marked = f", the copy marked for delivery {listed.delivery_id}" if listed.delivery_id else ""
    yield holds(path.name, f"it is {listed.name} of report {manifest.report.get('id')}{marked}, byte for byte")
    moment = datetime.fromisoformat(manifest.made_at)
    if listed.signature == "PAdES":
        yield from check_pdf(path, inputs.trust, password=inputs.password, moment=moment, subject=path.name)
    elif listed.signature is not None:
        signature = files.get(f"{path.name}.p7s") or files.get(listed.signature)
        if signature is None:
            yield broken(path.name, f"its signature {listed.signature} is missing")
        elif _digest(signature) != listed.signature_sha256:
            yield broken(signature.name, "it was changed: it is not the signature that the manifest lists")
        else:
            yield from check_detached(signature, path, inputs.trust, moment=moment, subject=path.name)


def _is_manifest(path: Path) -> bool:
    """Recognised by its content under any name, and by its name with any content."""
    if path.name == FILE_NAME:
        return True
    if path.suffix != ".json" or path.stat().st_size > _LARGEST_MANIFEST:
        return False
    with path.open("rb") as file:
        if FORMAT.encode() not in file.read(200):
            return False
    try:
        parsed = json.loads(path.read_bytes())
    except ValueError:
        return True
    return isinstance(parsed, dict) and "manifest" in parsed


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
