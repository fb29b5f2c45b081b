"""File names of ``policycortex report``: letters of every script stay, and no file is replaced."""

from pathlib import Path

import pytest

from policycortex_cli.file_names import free_stem

_ENDINGS = {"json", "pdf", "json.p7s"}


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("January of SOC 2", "january-of-soc-2"),
        ("Überprüfung 東京", "überprüfung-東京"),
        ("月次コンプライアンス報告", "月次コンプライアンス報告"),
        ("รายงานประจำเดือน", "รายงานประจำเดือน"),
        ("../a/..\\b\x00c", "a-b-c"),
        ("🚀", "report"),
        ("報" * 300, "報" * 66),
    ],
)
def test_a_name_keeps_its_letters(tmp_path: Path, name: str, stem: str) -> None:
    """Anything else separates words; the name never leaves the folder."""
    assert free_stem(tmp_path, name, _ENDINGS) == stem


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    """Taken by any file that the report would write."""
    (tmp_path / "march.pdf").touch()
    assert free_stem(tmp_path, "March", _ENDINGS) == "march-2"
    (tmp_path / "march-2.json.p7s").touch()
    assert free_stem(tmp_path, "March", _ENDINGS) == "march-3"
    assert free_stem(tmp_path, "March", {"csv"}) == "march"
