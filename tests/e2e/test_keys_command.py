"""The life of a key by the command line: made, listed, rotated, revoked."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.scheduling import create_schedule
from policycortex_cli.keys import keys
from tests.support.ledger import MONTHLY


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


def test_revoking_a_key_lists_the_schedules_it_made(tmp_path: Path) -> None:
    """Also those made before a rotation; they go on, so their names, times and ids are printed."""
    run(tmp_path, "create", "--name", "ci")
    [[key_id, *_]] = rows(tmp_path)
    settings = Settings(home=tmp_path)
    with closing(open_registry(settings)) as registry:
        made = create_schedule(
            settings, registry, MONTHLY, organization="default", created_by=key_id, now=datetime.now(UTC)
        )
        other = create_schedule(
            settings, registry, MONTHLY, organization="default", created_by="key_other", now=datetime.now(UTC)
        )
    run(tmp_path, "rotate", key_id)
    shown = run(tmp_path, "revoke", rows(tmp_path)[1][0]).stdout
    assert "1 schedule of the key stays:" in shown
    assert f"  {made.id}  {made.name} (0 9 1 * * America/New_York)" in shown
    assert other.id not in shown


@pytest.mark.parametrize("arguments", [("--scopes", "reports:rule"), ("--network", "10.0.0.300"), ("--org", "")])
def test_a_bad_wish_makes_no_key(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Nothing half-made is left behind."""
    assert run(tmp_path, "create", "--name", "ci", *arguments).exit_code != 0
    assert rows(tmp_path) == []
