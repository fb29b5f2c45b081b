"""Every change of a report, its manifest, its signatures or its audit log is found, and the changed file is named.

Each case names a change, and the subject and message of the verdict. An unchanged report is valid.
"""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pikepdf
import pytest

from policycortex.audit.chain import AuditEvent, ChainPoint, chain_start, make_record
from policycortex.audit.export import foot_line, head_line, record_line
from policycortex.errors import InputError
from policycortex.security.identities import load_identity
from policycortex.security.key_store import open_key_store
from policycortex.security.signing import sign_bytes, sign_file
from policycortex.settings import Settings
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import Verdict, VerdictKind
from tests.support.samples.signed_files import NOW, ORGANIZATION, Proven, act, make_proven

Change = Callable[[Proven], object]
"""Its result is ignored."""


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    """One signed report for all tests: making one takes longer than most checks."""
    return make_proven(tmp_path_factory.mktemp("proven"))


@pytest.fixture
def proven(untouched: Proven, tmp_path: Path) -> Proven:
    """A copy to tamper with."""
    root = tmp_path / "copy"
    shutil.copytree(untouched.folder.parent, root)
    at = {name: root / getattr(untouched, name).name for name in ("folder", "packed", "trail", "certificate")}
    return replace(untouched, settings=Settings(home=root / "home"), **at)


def check(proven: Proven, target: Path | None = None, *, has_key: bool = True) -> Verdict:
    """The verdict with audit log, certificate and key."""
    key_store = open_key_store(proven.settings)
    return verify(
        target or proven.folder,
        audit_log=proven.trail,
        certificates=proven.certificate,
        key_of=key_store.audit_key if has_key else None,
    )


def flip(path: Path, at: float) -> None:
    """Flip one bit at a position between 0 and 1 of the file."""
    content = bytearray(path.read_bytes())
    content[min(int(len(content) * at), len(content) - 1)] ^= 1
    path.write_bytes(content)


def flipped(name: str, at: float) -> Change:
    """Flip a bit of a file of the folder."""
    return lambda proven: flip(proven.folder / name, at)


def removed(name: str) -> Change:
    """Remove the file."""
    return lambda proven: (proven.folder / name).unlink()


def swapped(one: str, other: str) -> Change:
    """Exchange the content of two files."""

    def swap(proven: Proven) -> None:
        first, second = proven.folder / one, proven.folder / other
        content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(content)

    return swap


def edited(name: str, old: str, new: str) -> Change:
    """Replace text in a file."""

    def edit(proven: Proven) -> None:
        path = proven.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return edit


def lines_of(proven: Proven, change: Callable[[list[str]], list[str]], *, is_signed_again: bool = False) -> None:
    """Write the export with other lines; sign it again with the organisation's certificate, or remove its signature."""
    proven.trail.write_text("".join(change(proven.trail.read_text().splitlines(keepends=True))))
    signature = proven.trail.with_name(f"{proven.trail.name}.p7s")
    if is_signed_again:
        signature.write_bytes(sign_file(proven.trail, load_identity(proven.settings, ORGANIZATION, now=NOW)))
    else:
        signature.unlink()


def export_edited(change: Callable[[list[str]], list[str]]) -> Change:
    """Change the export and sign it again: only the chain shows the change."""
    return lambda proven: lines_of(proven, change, is_signed_again=True)


def rechained(proven: Proven, *, key: bytes, leave_out: int) -> None:
    """The export without one record, chained again from the start with ``key``."""
    lines = proven.trail.read_text().splitlines()[1:-1]
    at, written = chain_start(ORGANIZATION), []
    for entry in (json.loads(line) for line in lines):
        if entry["sequence"] == leave_out:
            continue
        own = act(0, action=entry["action"], details=entry["details"], subject=entry["subject"])
        record = make_record(own, at, key)
        at = ChainPoint(sequence=record.sequence, digest=record.digest)
        written.append(record_line(record))
    head = head_line(ORGANIZATION, first=1, floor=chain_start(ORGANIZATION), exported_at=NOW)
    foot = foot_line(ORGANIZATION, sequence=at.sequence, digest=at.digest, count=len(written))
    lines_of(proven, lambda _: [head, *written, foot], is_signed_again=True)


def signed_by_another(proven: Proven) -> None:
    """The manifest is changed and signed by another certificate."""
    other = load_identity(Settings(home=proven.folder.parent / "other"), ORGANIZATION, now=NOW)
    path = proven.folder / "manifest.json"
    path.write_text(path.read_text().replace('"findings": 12', '"findings": 2'))
    (proven.folder / "manifest.json.p7s").write_bytes(sign_bytes(path.read_bytes(), other))
    (proven.folder / "certificate.pem").write_bytes(other.pem)


def signed_by_us_again(proven: Proven) -> None:
    """The same with the organisation's certificate: only the audit log shows the change."""
    path = proven.folder / "manifest.json"
    path.write_text(path.read_text().replace('"findings": 12', '"findings": 2'))
    identity = load_identity(proven.settings, ORGANIZATION, now=NOW)
    (proven.folder / "manifest.json.p7s").write_bytes(sign_bytes(path.read_bytes(), identity))


def page_added(proven: Proven) -> None:
    """An incremental update after the signature, as PDF editors write it."""
    path = proven.folder / "report.pdf"
    content = path.read_bytes()
    path.write_bytes(content + b"\n% a remark\n" + content[content.rindex(b"startxref") :])


def pdf_written_anew(proven: Proven) -> None:
    """The PDF is written again, without its signature."""
    path = proven.folder / "report.pdf"
    with pikepdf.open(path) as pdf:
        pdf.save(path.with_name("new"))
    path.with_name("new").replace(path)


def other_reports_file(proven: Proven) -> None:
    """A file of another report of the same organisation."""
    other = make_proven(proven.folder.parent / "another")
    (proven.folder / "report.csv").write_bytes((other.folder / "report.csv").read_bytes() + b"other")


def appended(name: str) -> Change:
    """Append bytes."""
    return lambda proven: (proven.folder / name).write_bytes((proven.folder / name).read_bytes() + b"\n")


def cut(name: str) -> Change:
    """Remove the last ten bytes."""
    return lambda proven: (proven.folder / name).write_bytes((proven.folder / name).read_bytes()[:-10])


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One change, and the message that must name it."""

    edit: Change
    subject: str
    text: str


TRAIL = f"audit log of '{ORGANIZATION}'"
CASES: dict[str, Case] = {
    "pdf: first byte": Case(edit=flipped("report.pdf", 0), subject="report.pdf", text="SHA-256 differs"),
    "pdf: a byte within": Case(edit=flipped("report.pdf", 0.3), subject="report.pdf", text="SHA-256 differs"),
    "pdf: a byte of its signature": Case(edit=flipped("report.pdf", 0.6), subject="report.pdf", text="SHA-256 differs"),
    "pdf: last byte": Case(edit=flipped("report.pdf", 1), subject="report.pdf", text="SHA-256 differs"),
    "pdf: something added": Case(edit=page_added, subject="report.pdf", text="bytes instead of"),
    "pdf: written anew": Case(edit=pdf_written_anew, subject="report.pdf", text="it was changed"),
    "xlsx: first byte": Case(edit=flipped("report.xlsx", 0), subject="report.xlsx", text="SHA-256 differs"),
    "xlsx: a byte within": Case(edit=flipped("report.xlsx", 0.5), subject="report.xlsx", text="SHA-256 differs"),
    "xlsx: last byte": Case(edit=flipped("report.xlsx", 1), subject="report.xlsx", text="SHA-256 differs"),
    "csv: a byte": Case(edit=flipped("report.csv", 0.5), subject="report.csv", text="SHA-256 differs"),
    "csv: a line more": Case(edit=appended("report.csv"), subject="report.csv", text="bytes instead of"),
    "csv: cut": Case(edit=cut("report.csv"), subject="report.csv", text="bytes instead of"),
    "csv: emptied": Case(
        edit=lambda p: (p.folder / "report.csv").write_bytes(b""), subject="report.csv", text="0 bytes instead"
    ),
    "csv: of another report": Case(edit=other_reports_file, subject="report.csv", text="it was changed"),
    "json: a byte": Case(edit=flipped("report.json", 0.2), subject="report.json", text="SHA-256 differs"),
    "json: missing": Case(edit=removed("report.json"), subject="report.json", text="missing"),
    "pdf: missing": Case(edit=removed("report.pdf"), subject="report.pdf", text="missing"),
    "csv and json swapped": Case(
        edit=swapped("report.csv", "report.json"), subject="report.csv", text="report.json: they were swapped"
    ),
    "xlsx in the place of pdf": Case(
        edit=swapped("report.pdf", "report.xlsx"), subject="report.xlsx", text="report.pdf: they were swapped"
    ),
    "a file added": Case(
        edit=lambda p: (p.folder / "extra.csv").write_text("x"), subject="extra.csv", text="it was added"
    ),
    "readme: other advice": Case(
        edit=edited("README.txt", "openssl", "trust me"), subject="README.txt", text="it was changed"
    ),
    "manifest: a number": Case(
        edit=edited("manifest.json", '"findings": 12', '"findings": 11'), subject="manifest.json", text="of other bytes"
    ),
    "manifest: a digest": Case(
        edit=edited("manifest.json", '"sha256": "', '"sha256": "f'), subject="manifest.json", text="of other bytes"
    ),
    "manifest: white space": Case(edit=appended("manifest.json"), subject="manifest.json", text="of other bytes"),
    "manifest: not JSON": Case(edit=cut("manifest.json"), subject="manifest.json", text="not a manifest"),
    "manifest: a byte of its form": Case(
        edit=edited("manifest.json", "policycortex-manifest/1", "policycortex-manifest/0"),
        subject="manifest.json", text="its format is",
    ),
    "manifest: missing": Case(edit=removed("manifest.json"), subject="manifest.json", text="missing"),
    "manifest: signature missing": Case(
        edit=removed("manifest.json.p7s"), subject="manifest.json", text="signature is missing"
    ),
    "manifest: signature of a file": Case(
        edit=lambda p: shutil.copy(p.folder / "report.csv.p7s", p.folder / "manifest.json.p7s"),
        subject="manifest.json", text="of other bytes",
    ),
    "manifest: signature emptied": Case(
        edit=lambda p: (p.folder / "manifest.json.p7s").write_bytes(b""), subject="manifest.json", text="cannot be read"
    ),
    "manifest: signed by another": Case(edit=signed_by_another, subject="manifest.json", text="do not vouch for"),
    "manifest: changed and signed by us": Case(
        edit=signed_by_us_again, subject="manifest.json", text="it was replaced"
    ),
    "csv signature: a byte": Case(edit=flipped("report.csv.p7s", 0.9), subject="report.csv.p7s", text="it was changed"),
    "csv signature: missing": Case(
        edit=removed("report.csv.p7s"), subject="report.csv", text="report.csv.p7s is missing"
    ),
    "csv signature: of the json": Case(
        edit=lambda p: shutil.copy(p.folder / "report.json.p7s", p.folder / "report.csv.p7s"),
        subject="report.csv.p7s", text="it was changed",
    ),
    "certificate: another's": Case(
        edit=lambda p: (p.folder / "certificate.pem").write_bytes(
            load_identity(Settings(home=p.folder.parent / "other"), ORGANIZATION, now=NOW).pem
        ),
        subject="certificate.pem", text="it was replaced",
    ),
    "certificate: damaged": Case(edit=cut("certificate.pem"), subject="certificate.pem", text="it was changed"),
    "trail: a byte, unsigned": Case(
        edit=lambda p: lines_of(p, lambda rows: [*rows[:3], rows[3].replace("key_1", "key_2"), *rows[4:]]),
        subject=TRAIL, text="record 3 was changed",
    ),
    "trail: a byte, still signed": Case(
        edit=lambda p: flip(p.trail, 0.5), subject="trail.jsonl", text="of other bytes"
    ),
    "trail: an actor": Case(
        edit=export_edited(lambda rows: [*rows[:2], rows[2].replace("192.0.2.7", "192.0.2.8"), *rows[3:]]),
        subject=TRAIL, text="record 2 was changed",
    ),
    "trail: a time": Case(
        edit=export_edited(lambda rows: [*rows[:4], rows[4].replace("12:00:04", "12:00:05"), *rows[5:]]),
        subject=TRAIL, text="record 4 was changed",
    ),
    "trail: a line missing": Case(
        edit=export_edited(lambda rows: [*rows[:3], *rows[4:]]), subject=TRAIL, text="record 3 is missing"
    ),
    "trail: the first record missing": Case(
        edit=export_edited(lambda rows: [rows[0], *rows[2:]]), subject=TRAIL, text="record 1 is missing"
    ),
    "trail: two lines swapped": Case(
        edit=export_edited(lambda rows: [*rows[:3], rows[4], rows[3], *rows[5:]]), subject=TRAIL, text="out of order"
    ),
    "trail: a line twice": Case(
        edit=export_edited(lambda rows: [*rows[:4], rows[3], *rows[4:]]), subject=TRAIL, text="or twice"
    ),
    "trail: a line of no JSON": Case(
        edit=export_edited(lambda rows: [*rows[:3], rows[3][5:], *rows[4:]]), subject="trail.jsonl", text="line 4 was"
    ),
    "trail: its last line missing": Case(
        edit=export_edited(lambda rows: rows[:-1]), subject="trail.jsonl", text="the file was cut"
    ),
    "trail: records cut before the last line": Case(
        edit=export_edited(lambda rows: [*rows[:-3], rows[-1]]), subject="trail.jsonl", text="its last line says"
    ),
    "trail: tail cut, and the last line made to fit": Case(
        edit=export_edited(
            lambda rows: [
                *rows[:4],
                foot_line(ORGANIZATION, sequence=3, digest=json.loads(rows[3])["digest"], count=3),
            ]
        ),
        subject="audit log", text="its end was cut: manifest.json names record 5, it ends with 3",
    ),
    "trail: first line changed": Case(
        edit=export_edited(lambda rows: [rows[0].replace(ORGANIZATION, "other"), *rows[1:]]),
        subject="trail.jsonl", text="another organisation's",
    ),
    "trail: all chained anew without the key": Case(
        edit=lambda p: rechained(p, key=bytes(32), leave_out=99), subject=TRAIL, text="its seal does not hold"
    ),
    "trail: a record left out, all chained anew with the key": Case(
        edit=lambda p: rechained(p, key=open_key_store(p.settings).audit_key(ORGANIZATION), leave_out=2),
        subject="audit log", text="history was rewritten",
    ),
}  # fmt: skip


def test_an_unchanged_report_is_valid(proven: Proven) -> None:
    """As folder, as bundle and as a single file; each line names its subject."""
    for target in (proven.folder, proven.packed, proven.folder / "report.csv"):
        verdict = check(proven, target)
        assert verdict.is_good, "\n".join(map(str, verdict.lines))


def test_the_table_is_long_enough() -> None:
    """Forty at least."""
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_each_tampering_is_found_and_named(proven: Proven, name: str) -> None:
    """A line names the file and what was changed."""
    case = CASES[name]
    case.edit(proven)
    verdict = check(proven)
    found = [
        line for line in verdict.of(VerdictKind.BROKEN) if line.subject == case.subject and case.text in line.message
    ]
    assert found, "\n".join(map(str, verdict.lines))
    assert not verdict.is_good


@pytest.mark.parametrize("at", [n / 23 for n in range(23)])
def test_any_byte_of_a_bundle_counts(proven: Proven, at: float) -> None:
    """The zip container, too: packing its content again must give the same file."""
    flip(proven.packed, at)
    assert not check(proven, proven.packed).is_good


def test_a_repacked_bundle_is_found(proven: Proven) -> None:
    """With the same content, in another order."""
    with zipfile.ZipFile(proven.packed, "w") as archive:
        for path in sorted(proven.folder.iterdir(), reverse=True):
            archive.write(path, path.name)
    verdict = check(proven, proven.packed)
    assert [line.message for line in verdict.of(VerdictKind.BROKEN)] == [
        "the zip file is not as it was packed: it was changed, or packed again"
    ]


@pytest.mark.parametrize("at", [n / 40 for n in range(41)])
def test_any_byte_of_the_manifests_signature_counts(proven: Proven, at: float) -> None:
    """Bytes that are not signed must have the form that this program writes."""
    flip(proven.folder / "manifest.json.p7s", at)
    assert not check(proven).is_good


def test_unchecked_points_are_listed(proven: Proven) -> None:
    """Without audit log, certificate and key the verdict lists what was not checked."""
    verdict = verify(proven.folder)
    assert verdict.is_good
    written = " ".join(str(line) for line in verdict.lines if line.kind.value.startswith(("not", "NOT")))
    assert "give an export by --trail" in written
    assert "issued by no authority" in written
    assert "revoked" in written


def test_a_file_without_evidence_is_not_valid(tmp_path: Path) -> None:
    """A file without manifest or signature, and a path that does not exist."""
    lone = tmp_path / "report.csv"
    lone.write_text("a,b")
    assert not verify(lone).is_good
    with pytest.raises(InputError, match="there is no"):
        verify(tmp_path / "absent")


def test_an_act_is_of_the_sample() -> None:
    """The cases use this actor."""
    assert isinstance(act(1), AuditEvent)
    assert act(1).actor == "key_1"
