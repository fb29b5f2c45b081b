"""The life of a key by the command line: made, listed, rotated, revoked."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policycortex_cli.keys import keys


def run(home: Path, *arguments: str) -> Result:
    """One call of ``policycortex keys``."""
    return CliRunner().invoke(keys, [*arguments, "--home", str(home)])


def rows(home: Path) -> list[list[str]]:
    """The listing's columns."""
    return [line.split("\t") for line in run(home, "list").stdout.splitlines()]


def test_a_new_key_is_printed_alone_and_listed_without_its_secret(tmp_path: Path) -> None:
    """The documentation's calls need no scope asked for; the secret is not shown again."""
    made = run(tmp_path, "create", "--name", "ci")
    secret = made.stdout.strip()
    assert made.stdout == f"{secret}\n"
    assert secret.startswith("sk_live_")
    [row] = rows(tmp_path)
    assert row[2:6] == ["default", "ci", "reports:read,reports:write,schedules:write", "valid"]
    assert secret not in run(tmp_path, "list").stdout


def test_a_rotated_key_lives_on_and_a_revoked_one_does_not(tmp_path: Path) -> None:
    """Rotation overlaps; revocation is at once and may be repeated."""
    run(tmp_path, "create", "--name", "ci", "--scopes", "reports:read")
    [[old, *_]] = rows(tmp_path)
    assert run(tmp_path, "rotate", old, "--overlap-hours", "2").stdout.startswith("sk_live_")
    before, after = rows(tmp_path)
    assert before[5].startswith("valid until ")
    assert after[3:6] == ["ci", "reports:read", "valid"]
    for _ in range(2):
        assert run(tmp_path, "revoke", old).exit_code == 0
    assert rows(tmp_path)[0][5] == "revoked"


@pytest.mark.parametrize("arguments", [("--scopes", "reports:rule"), ("--network", "10.0.0.300"), ("--org", "")])
def test_a_bad_wish_makes_no_key(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Nothing half-made is left behind."""
    assert run(tmp_path, "create", "--name", "ci", *arguments).exit_code != 0
    assert rows(tmp_path) == []
