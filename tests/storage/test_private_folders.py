"""Temporary files: below the home, for its owner only, and gone after the process was killed."""

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex.storage.private_folders import private_folder, sweep_private_folders

ROOT = Path(__file__).parents[2]
_UNNAMED = {"TemporaryFile", "SpooledTemporaryFile", "gettempdir"}
"""The operating system removes these files with their process; ``gettempdir`` makes none."""
_HOLDER = """
import sys, time
from pathlib import Path
from policycortex.settings import Settings
from policycortex.storage.private_folders import private_folder
with private_folder(Settings(home=Path(sys.argv[1]))) as folder:
    (folder / "report.pdf").write_bytes(b"unencrypted")
    print(folder, flush=True)
    time.sleep(600)
"""


def test_files_of_a_killed_process_are_removed(home_settings: Settings) -> None:
    """Attack: kill -9 while the unencrypted files of a report with a password are on disk, then read the disk.

    They are below the home, for the owner only. The next process removes them, but not those of a running one.
    """
    holders = [
        subprocess.Popen([sys.executable, "-c", _HOLDER, home_settings.home], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        folders = [Path(holder.stdout.readline().strip()) for holder in holders if holder.stdout is not None]
        for folder in folders:
            assert folder.parent == home_settings.home / "tmp"
            assert [path.stat().st_mode & 0o077 for path in (folder, folder.parent, home_settings.home)] == [0, 0, 0]
        holders[0].send_signal(signal.SIGKILL)
        holders[0].wait()
        assert (folders[0] / "report.pdf").exists()
        with private_folder(home_settings) as own:
            assert not folders[0].exists()
            assert sorted(path.name for path in own.parent.iterdir() if path.is_dir()) == sorted(
                (own.name, folders[1].name)
            )
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
            if holder.stdout is not None:
                holder.stdout.close()
    assert sweep_private_folders(home_settings) == 1
    assert list((home_settings.home / "tmp").iterdir()) == []


def test_a_home_in_which_no_folder_can_be_made_is_named(home_settings: Settings) -> None:
    """ConfigurationError names the folder."""
    home_settings.home.mkdir(mode=0o700)
    (home_settings.home / "tmp").write_text("in the way")
    with pytest.raises(ConfigurationError, match=r"cannot write to .*/tmp"), private_folder(home_settings):
        pass


def test_no_code_makes_files_in_the_systems_temporary_folder() -> None:
    """Each use of ``tempfile`` is unnamed or names its folder. ``verify`` has no home and unpacks what it is given."""
    found = [
        str(path.relative_to(ROOT))
        for package in ("policycortex", "pipelines", "api", "policycortex_cli")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _makes_named_file(node)
    ]
    assert found == ["policycortex/verify/report_files.py"]


def _makes_named_file(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    is_of_module = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "tempfile"
    is_named = is_of_module or name in {"TemporaryDirectory", "NamedTemporaryFile", "mkstemp", "mkdtemp"}
    return is_named and name not in _UNNAMED and "dir" not in {keyword.arg for keyword in call.keywords}
