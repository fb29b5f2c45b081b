"""The settings: what the environment may hold, and what a refusal tells."""

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from policycortex.errors import ConfigurationError
from policycortex.settings import (
    DAGSTER_DATABASE_VARIABLE,
    KEY_VARIABLE,
    URL_VARIABLE,
    Settings,
    allowed_values,
    variable_of,
)

_TABLE_ROW = re.compile(r"^\| `(POLICYCORTEX_\w+)` \| (.*?) \| (.*?) \|", re.MULTILINE)


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("POLICYCORTEX_")]:
        monkeypatch.delenv(name)


def test_defaults_need_no_variable() -> None:
    """The home is the folder ``var`` of the working directory."""
    assert Settings.from_environment() == Settings(home=Path("var").absolute())


def test_values_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Numbers, lists, folders and URLs; an empty variable is an unset one; --home takes precedence."""
    for name, value in {
        "HOME": "elsewhere",
        "LOCK_TIMEOUT_SECONDS": "2.5",
        "STANDING_FRAMEWORKS": "soc2, own_controls,",
        "PUBLIC_URL": "https://reports.example.com/base/",
        "TEMPLATES_DIR": "templates",
        "RETENTION_DAYS": "",
        "DATABASE_URL": "",
    }.items():
        monkeypatch.setenv(f"POLICYCORTEX_{name}", value)
    assert Settings.from_environment(home=tmp_path) == Settings(
        home=tmp_path,
        lock_timeout_seconds=2.5,
        standing_frameworks=("soc2", "own_controls"),
        public_url="https://reports.example.com/base",
        templates_dir=Path("templates").absolute(),
    )


def test_none_names_no_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value would be the default, so the word switches monthly reports off."""
    monkeypatch.setenv("POLICYCORTEX_STANDING_FRAMEWORKS", "none")
    assert Settings.from_environment().standing_frameworks == ()


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("MAX_DAGSTER_SCHEDULES", "inf", "a whole number from 0 to 100000"),
        ("MAX_DAGSTER_SCHEDULES", "-1", "a whole number from 0 to 100000"),
        ("MAX_DAGSTER_SCHEDULES", "1.5", "a whole number from 0 to 100000"),
        ("LOCK_TIMEOUT_SECONDS", "nan", "a number from 0 to 86400"),
        ("LOCK_TIMEOUT_SECONDS", "inf", "a number from 0 to 86400"),
        ("LOCK_TIMEOUT_SECONDS", "-0.1", "a number from 0 to 86400"),
        ("LOCK_TIMEOUT_SECONDS", "soon", "a number from 0 to 86400"),
        ("MIN_SCHEDULE_INTERVAL_SECONDS", "-60", "a number from 0 to 31536000"),
        ("MIN_SCHEDULE_INTERVAL_SECONDS", "nan", "a number from 0 to 31536000"),
        ("TRAIL_RETENTION_DAYS", "0", "a whole number from 1 to 36500"),
        ("RETENTION_DAYS", "36501", "a whole number from 1 to 36500"),
        ("MAX_CONCURRENT_RUNS", "0", "a whole number from 1 to 1000"),
        ("API_PROCESSES", "two", "a whole number from 1 to 1000"),
        ("RATE_LIMIT", "0/minute", "a text such as 600/minute"),
        ("RATE_LIMIT", "-5/minute", "a text such as 600/minute"),
        ("RATE_LIMIT", "600/fortnight", "a text such as 600/minute"),
        ("DUCKDB_MEMORY_LIMIT", "0MB", "a text such as 512MB"),
        ("DUCKDB_MEMORY_LIMIT", "-1", "a text such as 512MB"),
        ("DUCKDB_MEMORY_LIMIT", "128", "a text such as 512MB"),
        ("PUBLIC_URL", "reports.example.com", "a text such as https://reports.example.com"),
        ("DAGSTER_URL", "ftp://127.0.0.1", "a text such as https://reports.example.com"),
        ("TRUSTED_PROXIES", "proxy.example.com", "networks such as 10.0.0.0/8, separated by commas"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "networks such as 10.0.0.0/8, separated by commas"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "networks such as 10.0.0.0/8, separated by commas"),
        ("TRUSTED_PROXIES", "::/0", "networks such as 10.0.0.0/8, separated by commas"),
        ("SOURCE_URL", "git@example.com", "a text such as https://reports.example.com"),
    ],
)
def test_a_value_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str) -> None:
    """The message has the variable, what is allowed and the value."""
    monkeypatch.setenv(f"POLICYCORTEX_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment()
    assert str(caught.value) == f"POLICYCORTEX_{name} must be {allowed}, got {value!r}"


def test_trusted_proxies_are_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single address is a network of one; none by default."""
    assert Settings.from_environment().trusted_proxies is None
    monkeypatch.setenv("POLICYCORTEX_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,2001:db8::/32")
    assert Settings.from_environment().trusted_proxies == ("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")


def test_every_fault_is_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bad values are mended in one go."""
    monkeypatch.setenv("POLICYCORTEX_API_PROCESSES", "0")
    monkeypatch.setenv("POLICYCORTEX_RETENTION_DAYS", "-1")
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment()
    assert [problem.field for problem in caught.value.details] == [
        "POLICYCORTEX_RETENTION_DAYS",
        "POLICYCORTEX_API_PROCESSES",
    ]


@pytest.mark.parametrize("value", ["0.5GB", "1.5 GiB", "512mb", "10KB"])
def test_memory_limits_of_duckdb_are_accepted(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """All of DuckDB's notation that has a size and a unit."""
    monkeypatch.setenv("POLICYCORTEX_DUCKDB_MEMORY_LIMIT", value)
    assert Settings.from_environment().duckdb_memory_limit == value


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("POLICYCORTEX_RATE_LIMITS", "POLICYCORTEX_RATE_LIMIT"),
        ("POLICYCORTEX_DATABSE_URL", "POLICYCORTEX_DATABASE_URL"),
        ("POLICYCORTEX_MAX_CONCURENT_RUNS", "POLICYCORTEX_MAX_CONCURRENT_RUNS"),
        ("POLICYCORTEX_RETENTION_DAY", "POLICYCORTEX_RETENTION_DAYS"),
        ("POLICYCORTEX_home", "POLICYCORTEX_HOME"),
    ],
)
def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch, misspelt: str, meant: str) -> None:
    """With the nearest setting; even when it is empty."""
    monkeypatch.setenv(misspelt, "")
    with pytest.raises(ConfigurationError, match=f"{misspelt} is not a setting; did you mean {meant}\\?$"):
        Settings.from_environment()


def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no setting is near, the message says where all of them are listed."""
    monkeypatch.setenv("POLICYCORTEX_XYZZY", "1")
    with pytest.raises(ConfigurationError, match=r"POLICYCORTEX_XYZZY is not a setting; .* docs/operations\.md"):
        Settings.from_environment()


def test_variables_of_tests_and_of_dagster_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is refused: they configure the test suite, Dagster, and commands that ask an API."""
    monkeypatch.setenv("POLICYCORTEX_TEST_SEED", "7")
    monkeypatch.setenv(URL_VARIABLE, "https://reports.example.com")
    monkeypatch.setenv(KEY_VARIABLE, "sk_live_x")
    monkeypatch.setenv(DAGSTER_DATABASE_VARIABLE, "postgresql+psycopg2://h/d")
    assert Settings.from_environment()


def test_variables_of_kubernetes_services_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Service named policycortex-api puts these into each container beside it; without its host they are refused."""
    for name in ("PORT", "SERVICE_PORT", "PORT_80_TCP", "PORT_80_TCP_ADDR", "SERVICE_PORT_HTTP"):
        monkeypatch.setenv(f"POLICYCORTEX_API_{name}", "x")
    with pytest.raises(ConfigurationError, match="POLICYCORTEX_API_PORT is not a setting"):
        Settings.from_environment()
    monkeypatch.setenv("POLICYCORTEX_API_SERVICE_HOST", "10.0.0.1")
    assert Settings.from_environment()


@pytest.mark.parametrize("place", ["text", "path", "home", "signing", "key"])
def test_variables_that_hold_secrets_are_no_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """A variable that the configuration names as ``env:NAME``, wherever it stands; without that it is refused."""
    monkeypatch.setenv("POLICYCORTEX_SMTP_PASSWORD", "s3cret")
    with pytest.raises(ConfigurationError, match="POLICYCORTEX_SMTP_PASSWORD is not a setting"):
        Settings.from_environment(home=tmp_path)
    text = 'connections: {mail: {password: "env:POLICYCORTEX_SMTP_PASSWORD"}}\n'
    match place:
        case "text":
            monkeypatch.setenv("POLICYCORTEX_CONNECTIONS", text)
        case "path":
            (tmp_path / "c.yaml").write_text(text)
            monkeypatch.setenv("POLICYCORTEX_CONNECTIONS", str(tmp_path / "c.yaml"))
        case "home":
            (tmp_path / "connections.yaml").write_text(text)
        case "signing":
            monkeypatch.setenv("POLICYCORTEX_SIGNING", text)
        case _:
            monkeypatch.setenv("POLICYCORTEX_INSTALLATION_KEY", "env:POLICYCORTEX_SMTP_PASSWORD")
    assert Settings.from_environment(home=tmp_path)


def test_no_refusal_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of an unknown variable may be a password."""
    monkeypatch.setenv("POLICYCORTEX_PASSWORD", "s3cret")
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment()
    assert "s3cret" not in str(caught.value)


def test_arguments_alone_decide_without_from_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A migration reads two installations, of which the environment describes one."""
    monkeypatch.setenv("POLICYCORTEX_DATABASE_URL", "postgresql://h/d")
    assert Settings(home=tmp_path).database_url is None


def test_settings_are_frozen_and_know_their_fields(tmp_path: Path) -> None:
    """A misspelt argument is an error as a misspelt variable is."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings(home=tmp_path).lock_timeout_seconds = 1.0  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Settings(home=tmp_path, lake="s3://b/l")  # type: ignore[call-arg]


def test_the_manual_has_every_setting_with_default_and_range() -> None:
    """One row per setting in docs/operations.md, and no other row."""
    manual = Path(__file__).parents[2] / "docs" / "operations.md"
    rows = {name: (default, allowed) for name, default, allowed in _TABLE_ROW.findall(manual.read_text())}
    assert set(rows) == {variable_of(field) for field in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default, allowed = rows[variable_of(name)]
        if name != "home" and field.default is not None:
            assert default == f"`{_in_words(field.default)}`", name
        if (expected := allowed_values(variable_of(name))) and "https://" not in expected:
            assert allowed.startswith(expected), name


def _in_words(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default)
