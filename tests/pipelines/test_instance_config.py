"""The instance that ``serve`` and ``worker`` write: where runs go and how many, by settings."""

from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex_cli.home import instance_config

BROKER = "redis://:planted-secret@broker:6379/0"


def test_runs_are_forked_here_or_handed_to_a_broker(tmp_path: Path) -> None:
    """By the broker's setting alone; its URL may hold a password, so the file names the variable."""
    assert instance_config(Settings(home=tmp_path))["run_launcher"]["class"] == "ForkingRunLauncher"
    database = "postgresql://h/d"
    elsewhere = Settings(
        home=tmp_path, database_url=database, lake_url="s3://b/l", artifacts_url="s3://b/a", broker_url=BROKER
    )
    config = instance_config(elsewhere)
    assert config["run_launcher"]["class"] == "FleetRunLauncher"
    assert "planted" not in str(config)
    with pytest.raises(ConfigurationError, match="set POLICYCORTEX_LAKE_URL, POLICYCORTEX_ARTIFACTS_URL too"):
        instance_config(Settings(home=tmp_path, database_url=database, broker_url=BROKER))


@pytest.mark.parametrize(("most", "of_one"), [(4, 3), (16, 15), (1, 1)])
def test_one_organisation_leaves_a_place_free(tmp_path: Path, most: int, of_one: int) -> None:
    """However many there are; of a single place it must have that."""
    runs = instance_config(Settings(home=tmp_path, max_concurrent_runs=most))["concurrency"]["runs"]
    limits = {limit["key"]: limit["limit"] for limit in runs["tag_concurrency_limits"]}
    assert (runs["max_concurrent_runs"], limits["policycortex/organization"]) == (most, of_one)


def test_the_operators_own_settings_are_merged(tmp_path: Path) -> None:
    """Named settings replace ours, all others stay; a file that is no mapping is refused with its name."""
    own = tmp_path / "dagster.own.yaml"
    own.write_text("retention: {sensor: {purge_after_days: {failure: 7}}}\nsecrets: {}\n")
    config, plain = instance_config(Settings(home=tmp_path)), instance_config(Settings(home=tmp_path / "other"))
    assert config["retention"]["sensor"]["purge_after_days"] == {"skipped": 2, "success": 30, "failure": 7}
    assert config["retention"]["schedule"] == plain["retention"]["schedule"]
    assert {name: value for name, value in config.items() if name not in {"retention", "secrets"}}.keys() == (
        plain.keys() - {"retention"}
    )
    for text in ("- a list", "a: [", "\x00"):
        own.write_text(text)
        with pytest.raises(ConfigurationError, match=r"dagster\.own\.yaml"):
            instance_config(Settings(home=tmp_path))


@pytest.mark.parametrize("text", ["0", "-1", "many", "1001", "2.5"])
def test_a_count_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The message has the variable's name and the value."""
    monkeypatch.setenv("POLICYCORTEX_MAX_CONCURRENT_RUNS", text)
    with pytest.raises(ConfigurationError, match=rf"POLICYCORTEX_MAX_CONCURRENT_RUNS .* got '{text}'"):
        Settings.from_environment()
