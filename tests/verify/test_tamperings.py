"""Whatever is done to a report, its proof or its trail is found, and the file it was done to is named.

Each row of the table: what was done, and what the verdict must say of which subject. The untouched report is good.
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

Deed = Callable[[Proven], object]
"""What it returns is of no interest."""


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    """One proven report for all: making one takes longer than most checks."""
    return make_proven(tmp_path_factory.mktemp("proven"))


@pytest.fixture
def proven(untouched: Proven, tmp_path: Path) -> Proven:
    """A copy to tamper with."""
    root = tmp_path / "copy"
    shutil.copytree(untouched.folder.parent, root)
    at = {name: root / getattr(untouched, name).name for name in ("folder", "packed", "trail", "certificate")}
    return replace(untouched, settings=Settings(home=root / "home"), **at)


def check(proven: Proven, target: Path | None = None, *, has_key: bool = True) -> Verdict:
    """The verdict with all evidence at hand."""
    vault = open_key_store(proven.settings)
    return verify(
        target or proven.folder,
        audit_log=proven.trail,
        certificates=proven.certificate,
        key_of=(lambda organization: vault.derive(f"trail/{organization}")) if has_key else None,
    )


def flip(path: Path, at: float) -> None:
    """One bit of the byte at this part of the file."""
    content = bytearray(path.read_bytes())
    content[min(int(len(content) * at), len(content) - 1)] ^= 1
    path.write_bytes(content)


def flipped(name: str, at: float) -> Deed:
    """A deed: flip a byte of a file of the folder."""
    return lambda proven: flip(proven.folder / name, at)


def removed(name: str) -> Deed:
    """A deed: the file is gone."""
    return lambda proven: (proven.folder / name).unlink()


def swapped(one: str, other: str) -> Deed:
    """A deed: two files change names."""

    def swap(proven: Proven) -> None:
        first, second = proven.folder / one, proven.folder / other
        content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(content)

    return swap


def edited(name: str, old: str, new: str) -> Deed:
    """A deed: text in a file is replaced."""

    def edit(proven: Proven) -> None:
        path = proven.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return edit


def lines_of(proven: Proven, change: Callable[[list[str]], list[str]], *, is_signed_again: bool = False) -> None:
    """Write the trail with other lines; a thorough hand signs it again by a certificate of its own."""
    proven.trail.write_text("".join(change(proven.trail.read_text().splitlines(keepends=True))))
    signature = proven.trail.with_name(f"{proven.trail.name}.p7s")
    if is_signed_again:
        signature.write_bytes(sign_file(proven.trail, load_identity(proven.settings, ORGANIZATION, now=NOW)))
    else:
        signature.unlink()


def trail_edited(change: Callable[[list[str]], list[str]]) -> Deed:
    """A deed on the trail, by someone who can sign like us: only the chain can tell."""
    return lambda proven: lines_of(proven, change, is_signed_again=True)


def chained_anew(proven: Proven, *, key: bytes, leave_out: int) -> None:
    """The whole trail without one record, chained again from the start with the key that the hand has."""
    lines = proven.trail.read_text().splitlines()[1:-1]
    at, told = chain_start(ORGANIZATION), []
    for said in (json.loads(line) for line in lines):
        if said["sequence"] == leave_out:
            continue
        own = act(0, action=said["action"], details=said["details"], subject=said["subject"])
        record = make_record(own, at, key)
        at = ChainPoint(sequence=record.sequence, digest=record.digest)
        told.append(record_line(record))
    head = head_line(ORGANIZATION, first=1, floor=chain_start(ORGANIZATION), exported_at=NOW)
    foot = foot_line(ORGANIZATION, sequence=at.sequence, digest=at.digest, count=len(told))
    lines_of(proven, lambda _: [head, *told, foot], is_signed_again=True)


def signed_by_another(proven: Proven) -> None:
    """The manifest is changed and everything signed by a certificate that the hand made for itself."""
    other = load_identity(Settings(home=proven.folder.parent / "other"), ORGANIZATION, now=NOW)
    path = proven.folder / "manifest.json"
    path.write_text(path.read_text().replace('"findings": 12', '"findings": 2'))
    (proven.folder / "manifest.json.p7s").write_bytes(sign_bytes(path.read_bytes(), other))
    (proven.folder / "certificate.pem").write_bytes(other.pem)


def signed_by_us_again(proven: Proven) -> None:
    """The same by someone who has our certificate: the trail alone knows better."""
    path = proven.folder / "manifest.json"
    path.write_text(path.read_text().replace('"findings": 12', '"findings": 2'))
    identity = load_identity(proven.settings, ORGANIZATION, now=NOW)
    (proven.folder / "manifest.json.p7s").write_bytes(sign_bytes(path.read_bytes(), identity))


def page_added(proven: Proven) -> None:
    """An increment after the signature, as any PDF editor makes."""
    path = proven.folder / "report.pdf"
    content = path.read_bytes()
    path.write_bytes(content + b"\n% a remark\n" + content[content.rindex(b"startxref") :])


def pdf_written_anew(proven: Proven) -> None:
    """The signature is gone with the old bytes."""
    path = proven.folder / "report.pdf"
    with pikepdf.open(path) as pdf:
        pdf.save(path.with_name("new"))
    path.with_name("new").replace(path)


def other_reports_file(proven: Proven) -> None:
    """A genuine file of another report of the same organisation."""
    other = make_proven(proven.folder.parent / "another")
    (proven.folder / "report.csv").write_bytes((other.folder / "report.csv").read_bytes() + b"other")


def appended(name: str) -> Deed:
    """A deed: bytes after the end."""
    return lambda proven: (proven.folder / name).write_bytes((proven.folder / name).read_bytes() + b"\n")


def cut(name: str) -> Deed:
    """A deed: the last ten bytes are gone."""
    return lambda proven: (proven.folder / name).write_bytes((proven.folder / name).read_bytes()[:-10])


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One tampering, and the words that name it."""

    deed: Deed
    subject: str
    said: str


TRAIL = f"audit log of '{ORGANIZATION}'"
CASES: dict[str, Case] = {
    "pdf: first byte": Case(deed=flipped("report.pdf", 0), subject="report.pdf", said="SHA-256 differs"),
    "pdf: a byte within": Case(deed=flipped("report.pdf", 0.3), subject="report.pdf", said="SHA-256 differs"),
    "pdf: a byte of its signature": Case(deed=flipped("report.pdf", 0.6), subject="report.pdf", said="SHA-256 differs"),
    "pdf: last byte": Case(deed=flipped("report.pdf", 1), subject="report.pdf", said="SHA-256 differs"),
    "pdf: something added": Case(deed=page_added, subject="report.pdf", said="bytes instead of"),
    "pdf: written anew": Case(deed=pdf_written_anew, subject="report.pdf", said="it was changed"),
    "xlsx: first byte": Case(deed=flipped("report.xlsx", 0), subject="report.xlsx", said="SHA-256 differs"),
    "xlsx: a byte within": Case(deed=flipped("report.xlsx", 0.5), subject="report.xlsx", said="SHA-256 differs"),
    "xlsx: last byte": Case(deed=flipped("report.xlsx", 1), subject="report.xlsx", said="SHA-256 differs"),
    "csv: a byte": Case(deed=flipped("report.csv", 0.5), subject="report.csv", said="SHA-256 differs"),
    "csv: a line more": Case(deed=appended("report.csv"), subject="report.csv", said="bytes instead of"),
    "csv: cut": Case(deed=cut("report.csv"), subject="report.csv", said="bytes instead of"),
    "csv: emptied": Case(
        deed=lambda p: (p.folder / "report.csv").write_bytes(b""), subject="report.csv", said="0 bytes instead"
    ),
    "csv: of another report": Case(deed=other_reports_file, subject="report.csv", said="it was changed"),
    "json: a byte": Case(deed=flipped("report.json", 0.2), subject="report.json", said="SHA-256 differs"),
    "json: missing": Case(deed=removed("report.json"), subject="report.json", said="missing"),
    "pdf: missing": Case(deed=removed("report.pdf"), subject="report.pdf", said="missing"),
    "csv and json swapped": Case(
        deed=swapped("report.csv", "report.json"), subject="report.csv", said="report.json: they were swapped"
    ),
    "xlsx in the place of pdf": Case(
        deed=swapped("report.pdf", "report.xlsx"), subject="report.xlsx", said="report.pdf: they were swapped"
    ),
    "a file added": Case(
        deed=lambda p: (p.folder / "extra.csv").write_text("x"), subject="extra.csv", said="it was added"
    ),
    "readme: other advice": Case(
        deed=edited("README.txt", "openssl", "trust me"), subject="README.txt", said="it was changed"
    ),
    "manifest: a number": Case(
        deed=edited("manifest.json", '"findings": 12', '"findings": 11'), subject="manifest.json", said="of other bytes"
    ),
    "manifest: a digest": Case(
        deed=edited("manifest.json", '"sha256": "', '"sha256": "f'), subject="manifest.json", said="of other bytes"
    ),
    "manifest: white space": Case(deed=appended("manifest.json"), subject="manifest.json", said="of other bytes"),
    "manifest: not JSON": Case(deed=cut("manifest.json"), subject="manifest.json", said="not a manifest"),
    "manifest: a byte of its form": Case(
        deed=edited("manifest.json", "policycortex-manifest/1", "policycortex-manifest/0"),
        subject="manifest.json", said="its format is",
    ),
    "manifest: missing": Case(deed=removed("manifest.json"), subject="manifest.json", said="missing"),
    "manifest: signature missing": Case(
        deed=removed("manifest.json.p7s"), subject="manifest.json", said="signature is missing"
    ),
    "manifest: signature of a file": Case(
        deed=lambda p: shutil.copy(p.folder / "report.csv.p7s", p.folder / "manifest.json.p7s"),
        subject="manifest.json", said="of other bytes",
    ),
    "manifest: signature emptied": Case(
        deed=lambda p: (p.folder / "manifest.json.p7s").write_bytes(b""), subject="manifest.json", said="cannot be read"
    ),
    "manifest: signed by another": Case(deed=signed_by_another, subject="manifest.json", said="do not vouch for"),
    "manifest: changed and signed by us": Case(
        deed=signed_by_us_again, subject="manifest.json", said="it was replaced"
    ),
    "csv signature: a byte": Case(deed=flipped("report.csv.p7s", 0.9), subject="report.csv.p7s", said="it was changed"),
    "csv signature: missing": Case(
        deed=removed("report.csv.p7s"), subject="report.csv", said="report.csv.p7s is missing"
    ),
    "csv signature: of the json": Case(
        deed=lambda p: shutil.copy(p.folder / "report.json.p7s", p.folder / "report.csv.p7s"),
        subject="report.csv.p7s", said="it was changed",
    ),
    "certificate: another's": Case(
        deed=lambda p: (p.folder / "certificate.pem").write_bytes(
            load_identity(Settings(home=p.folder.parent / "other"), ORGANIZATION, now=NOW).pem
        ),
        subject="certificate.pem", said="it was replaced",
    ),
    "certificate: damaged": Case(deed=cut("certificate.pem"), subject="certificate.pem", said="it was changed"),
    "trail: a byte, unsigned": Case(
        deed=lambda p: lines_of(p, lambda rows: [*rows[:3], rows[3].replace("key_1", "key_2"), *rows[4:]]),
        subject=TRAIL, said="record 3 was changed",
    ),
    "trail: a byte, still signed": Case(
        deed=lambda p: flip(p.trail, 0.5), subject="trail.jsonl", said="of other bytes"
    ),
    "trail: an actor": Case(
        deed=trail_edited(lambda rows: [*rows[:2], rows[2].replace("192.0.2.7", "192.0.2.8"), *rows[3:]]),
        subject=TRAIL, said="record 2 was changed",
    ),
    "trail: a time": Case(
        deed=trail_edited(lambda rows: [*rows[:4], rows[4].replace("12:00:04", "12:00:05"), *rows[5:]]),
        subject=TRAIL, said="record 4 was changed",
    ),
    "trail: a line missing": Case(
        deed=trail_edited(lambda rows: [*rows[:3], *rows[4:]]), subject=TRAIL, said="record 3 is missing"
    ),
    "trail: the first record missing": Case(
        deed=trail_edited(lambda rows: [rows[0], *rows[2:]]), subject=TRAIL, said="record 1 is missing"
    ),
    "trail: two lines swapped": Case(
        deed=trail_edited(lambda rows: [*rows[:3], rows[4], rows[3], *rows[5:]]), subject=TRAIL, said="out of order"
    ),
    "trail: a line twice": Case(
        deed=trail_edited(lambda rows: [*rows[:4], rows[3], *rows[4:]]), subject=TRAIL, said="or twice"
    ),
    "trail: a line of no JSON": Case(
        deed=trail_edited(lambda rows: [*rows[:3], rows[3][5:], *rows[4:]]), subject="trail.jsonl", said="line 4 was"
    ),
    "trail: its last line missing": Case(
        deed=trail_edited(lambda rows: rows[:-1]), subject="trail.jsonl", said="the file was cut"
    ),
    "trail: records cut before the last line": Case(
        deed=trail_edited(lambda rows: [*rows[:-3], rows[-1]]), subject="trail.jsonl", said="its last line says"
    ),
    "trail: tail cut, and the last line made to fit": Case(
        deed=trail_edited(
            lambda rows: [
                *rows[:4],
                foot_line(ORGANIZATION, sequence=3, digest=json.loads(rows[3])["digest"], count=3),
            ]
        ),
        subject="audit log", said="its end was cut: manifest.json names record 5, it ends with 3",
    ),
    "trail: first line changed": Case(
        deed=trail_edited(lambda rows: [rows[0].replace(ORGANIZATION, "other"), *rows[1:]]),
        subject="trail.jsonl", said="another organisation's",
    ),
    "trail: all chained anew without the key": Case(
        deed=lambda p: chained_anew(p, key=bytes(32), leave_out=99), subject=TRAIL, said="its seal does not hold"
    ),
    "trail: a record left out, all chained anew with the key": Case(
        deed=lambda p: chained_anew(p, key=open_key_store(p.settings).derive(f"trail/{ORGANIZATION}"), leave_out=2),
        subject="audit log", said="history was rewritten",
    ),
}  # fmt: skip


def test_an_untouched_report_is_good(proven: Proven) -> None:
    """As folder, as bundle and by a single file; each point says what it is of."""
    for target in (proven.folder, proven.packed, proven.folder / "report.csv"):
        verdict = check(proven, target)
        assert verdict.is_good, "\n".join(map(str, verdict.lines))


def test_the_table_is_long_enough() -> None:
    """Forty at least."""
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_each_tampering_is_found_and_named(proven: Proven, name: str) -> None:
    """In a line that names the file and says what became of it."""
    case = CASES[name]
    case.deed(proven)
    verdict = check(proven)
    found = [
        line for line in verdict.of(VerdictKind.BROKEN) if line.subject == case.subject and case.said in line.message
    ]
    assert found, "\n".join(map(str, verdict.lines))
    assert not verdict.is_good


@pytest.mark.parametrize("at", [n / 23 for n in range(23)])
def test_any_byte_of_a_bundle_counts(proven: Proven, at: float) -> None:
    """Its container too: what is packed again from its content must be the same file."""
    flip(proven.packed, at)
    assert not check(proven, proven.packed).is_good


def test_a_bundle_packed_again_is_told(proven: Proven) -> None:
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
    """Those that nobody signed are held to the one form that ours has."""
    flip(proven.folder / "manifest.json.p7s", at)
    assert not check(proven).is_good


def test_what_could_not_be_checked_is_said(proven: Proven) -> None:
    """Without trail, certificate and key the verdict is not broken, but says what it rests on."""
    verdict = verify(proven.folder)
    assert verdict.is_good
    told = " ".join(str(line) for line in verdict.of(VerdictKind.UNCHECKED))
    assert "give an export by --trail" in told
    assert "issued by no authority" in told
    assert "revoked" in told


def test_nothing_to_hold_on_to_is_not_good(tmp_path: Path) -> None:
    """A file without manifest or signature, and a place that is not there."""
    lone = tmp_path / "report.csv"
    lone.write_text("a,b")
    assert not verify(lone).is_good
    with pytest.raises(InputError, match="there is no"):
        verify(tmp_path / "absent")


def test_an_act_is_of_the_sample() -> None:
    """The table's deeds speak of this actor."""
    assert isinstance(act(1), AuditEvent)
    assert act(1).actor == "key_1"
