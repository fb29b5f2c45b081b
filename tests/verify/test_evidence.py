"""Every change of the evidence files beside a report is found, and the file is named."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from policycortex.settings import Settings
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import VerdictKind
from tests.support.samples.signed_files import EVIDENCE, Proven, make_proven, pack

FIRST, SECOND = EVIDENCE
OTHER: Final = "evidence-00000000000000cc.pdf"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    """One signed report with two evidence files."""
    return make_proven(tmp_path_factory.mktemp("proven"), formats=())


@pytest.fixture
def proven(untouched: Proven, tmp_path: Path) -> Proven:
    """A copy to tamper with."""
    root = tmp_path / "copy"
    shutil.copytree(untouched.folder.parent, root)
    at = {name: root / getattr(untouched, name).name for name in ("folder", "packed", "trail", "certificate")}
    return replace(untouched, settings=Settings(home=root / "home"), **at)


def flip(folder: Path, at: float) -> None:
    """Flip a bit of the first file."""
    content = bytearray((folder / FIRST).read_bytes())
    content[int((len(content) - 1) * at)] ^= 1
    (folder / FIRST).write_bytes(content)


def swap(folder: Path) -> None:
    """Exchange both files."""
    (folder / FIRST).rename(folder / "kept")
    (folder / SECOND).rename(folder / FIRST)
    (folder / "kept").rename(folder / SECOND)


CASES: Final[dict[str, tuple[Callable[[Path], object], str, str]]] = {
    "first byte": (lambda folder: flip(folder, 0), FIRST, "SHA-256 differs"),
    "a byte within": (lambda folder: flip(folder, 0.5), FIRST, "SHA-256 differs"),
    "last byte": (lambda folder: flip(folder, 1), FIRST, "SHA-256 differs"),
    "longer": (lambda folder: (folder / FIRST).write_bytes((folder / FIRST).read_bytes() + b"x"), FIRST, "instead of"),
    "shorter": (lambda folder: (folder / SECOND).write_bytes(b"%PDF-"), SECOND, "instead of 54"),
    "empty": (lambda folder: (folder / SECOND).write_bytes(b""), SECOND, "0 bytes instead of"),
    "missing": (lambda folder: (folder / FIRST).unlink(), FIRST, "missing"),
    "the other missing": (lambda folder: (folder / SECOND).unlink(), SECOND, "missing"),
    "extra": (lambda folder: (folder / OTHER).write_bytes(b"%PDF-more"), OTHER, "it was added"),
    "a copy under another name": (lambda folder: shutil.copy(folder / FIRST, folder / OTHER), OTHER, "it was added"),
    "swapped": (swap, FIRST, "swapped"),
}
"""The change of the unpacked bundle, the named file, and words of the message."""


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_packed", [False, True], ids=["folder", "bundle"])
def test_a_change_names_the_file(proven: Proven, name: str, is_packed: bool) -> None:
    """In the folder, and in a bundle that was packed again after the change."""
    change, subject, text = CASES[name]
    change(proven.folder)
    target = proven.folder
    if is_packed:
        target = proven.packed
        pack(proven.folder, target, tuple(sorted(path.name for path in proven.folder.iterdir())))
    verdict = verify(target, certificates=proven.certificate)
    found = verdict.of(VerdictKind.BROKEN)
    assert any(line.subject == subject and text in line.message for line in found), verdict.lines


def test_unchanged_files_hold(proven: Proven) -> None:
    """Each evidence file is named with what was found."""
    verdict = verify(proven.packed, certificates=proven.certificate)
    assert verdict.is_proven
    assert {FIRST, SECOND} <= {line.subject for line in verdict.of(VerdictKind.HOLDS)}
