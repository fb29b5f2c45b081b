"""A home that others can enter is closed, with all files in it, or refused."""

import os
from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError
from policycortex.security.private_home import tighten_home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home as earlier versions made it: 0755, a database of 0644, a link to a file elsewhere."""
    folder = tmp_path / "home"
    (folder / "logs").mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("not ours")
    for path, mode in ((tmp_path / "elsewhere", 0o644), (folder / "logs", 0o755), (folder, 0o755)):
        path.chmod(mode)
    for name in ("registry.sqlite", "logs/api.log"):
        (folder / name).write_text("secret")
        (folder / name).chmod(0o644)
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    return folder


def _modes(home: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (home, *home.rglob("*"))}


def test_an_open_home_is_closed_with_all_files(home: Path) -> None:
    """Attack: another user of the machine reads databases and logs. Once closed, nothing is to be done."""
    changed = tighten_home(home, is_thorough=False)
    assert changed == f"{home}: mode 0755 is now 0700; rights of other users on 3 files and folders were removed"
    assert _modes(home) == {"home": 0o700, "registry.sqlite": 0o600, "logs": 0o700, "api.log": 0o600, "link": 0o644}
    assert tighten_home(home, is_thorough=True) == ""


def test_files_in_a_closed_home_are_closed_at_the_start_of_services(home: Path) -> None:
    """At the start of the services: all files. For a single command the home's own mode is enough."""
    home.chmod(0o700)
    assert tighten_home(home, is_thorough=False) == ""
    assert tighten_home(home, is_thorough=True).endswith("on 3 files and folders were removed")
    assert _modes(home)["registry.sqlite"] == 0o600


def test_a_home_for_a_group_is_left_to_the_group(home: Path) -> None:
    """0750 is somebody's choice: the group keeps its rights, others lose theirs."""
    home.chmod(0o750)
    tighten_home(home, is_thorough=True)
    assert _modes(home) == {"home": 0o750, "registry.sqlite": 0o640, "logs": 0o750, "api.log": 0o640, "link": 0o644}


def test_an_open_home_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear line with the mode and what to do, and nothing is written into it."""

    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(ConfigurationError, match=r"mode 0755\), and its mode cannot be changed: Operation not"):
        tighten_home(home, is_thorough=True)
