"""All configuration of an installation. The only module that reads the environment."""

import os
import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from policycortex.errors import ConfigurationError, Problem

PREFIX: Final = "POLICYCORTEX_"
DAGSTER_DATABASE_VARIABLE: Final = "POLICYCORTEX_DAGSTER_DATABASE_URL"
"""Set by ``serve`` and ``worker`` for Dagster's own configuration file. Not a setting."""
URL_VARIABLE: Final = "POLICYCORTEX_URL"
KEY_VARIABLE: Final = "POLICYCORTEX_API_KEY"
"""Of commands that ask a served API: its address and the key. Not settings."""
_TEST_PREFIX: Final = "POLICYCORTEX_TEST_"
_SERVICE_HOST: Final = "_SERVICE_HOST"
_REFERENCE: Final = re.compile(rf"env:({PREFIX}\w+)")


def _check_network(text: str) -> str:
    """The network in its normal form. Raises ValueError, also for the network of all addresses."""
    network = ip_network(text)
    if network.prefixlen == 0:
        raise ValueError(f"{text} has every address")
    return str(network)


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1, le=36_500)]
Minutes = Annotated[int, Field(ge=1, le=10_080)]
Hours = Annotated[int, Field(ge=1, le=720)]
Count = Annotated[int, Field(ge=1, le=1000)]
Network = Annotated[str, AfterValidator(_check_network), Field(examples=["10.0.0.0/8"])]
Folder = Annotated[Path, AfterValidator(Path.absolute)]
Rate = Annotated[
    str,
    Field(
        pattern=r"(?i)^[1-9][0-9]*\s*(?:/|per)\s*(?:[1-9][0-9]*\s*)?(?:second|minute|hour|day|month|year)s?$",
        examples=["600/minute"],
    ),
]
WebAddress = Annotated[
    str,
    Field(pattern=r"^https?://[^/\s]", examples=["https://reports.example.com"]),
    AfterValidator(lambda url: url.rstrip("/")),
]


def variable_of(field: str) -> str:
    """The environment variable of a field of Settings."""
    return f"{PREFIX}{field.upper()}"


def _split_words(value: object) -> object:
    """``soc2, hipaa`` as a tuple of words; ``none`` as an empty one; anything but text unchanged."""
    if not isinstance(value, str):
        return value
    return () if value.strip() == "none" else tuple(word.strip() for word in value.split(",") if word.strip())


class Settings(BaseSettings):
    """Settings of one installation. Frozen; created once at the start of a program and passed to everything it calls.

    The environment variable of a field is ``POLICYCORTEX_`` and its name in capitals. ``Settings(...)`` itself reads no
    environment; ``Settings.from_environment`` does.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=variable_of,
        populate_by_name=True,
        case_sensitive=True,
        env_ignore_empty=True,
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    home: Folder = Path("var")
    """Folder of all state of an embedded installation. The option ``--home`` takes precedence."""

    database_url: str | None = None
    """Postgres for the registry, the lake's catalog and Dagster. None: SQLite under home."""

    lake_url: str | None = None
    """Location of the lake's Parquet files (``s3://...`` or a folder). None: under home."""

    artifacts_url: str | None = None
    """Location of report files (``s3://``, ``gs://``, ``abfs://`` or a folder). None: under home."""

    public_url: WebAddress | None = None
    """Base of the URLs in API responses, without a final slash. None: the address that the request used."""

    dagster_url: WebAddress = "http://127.0.0.1:3000"
    """The Dagster webserver whose GraphQL API starts runs, without a final slash. ``serve`` sets it."""

    ui_url: WebAddress | None = None
    """The address under which people open the Dagster UI, without a final slash. None: ``http://127.0.0.1`` and
    ``http://localhost`` with its port only; requests under another name are refused."""

    console_url: WebAddress | None = None
    """The address of the console for links in the Dagster UI, without a final slash. None: ``public_url``. ``serve``
    sets it to the address that it listens at where neither is given."""

    session_idle_minutes: Minutes = 480
    """A session in a browser ends after this time without a request."""

    delivery_link_days: Annotated[int, Field(ge=1, le=365)] = 7
    """A download link in a mail, card or event ends after this time."""

    session_hours: Hours = 24
    """A session in a browser ends after this time in any case."""

    lock_timeout_seconds: Annotated[Seconds, Field(le=86_400)] = 30.0
    """How long a writer waits for the lake or the registry before it gives up."""

    service_memory_bytes: Annotated[int, Field(ge=268_435_456, le=1_099_511_627_776)] = 1_500_000_000
    """A service one of whose processes uses more memory for 20 seconds is restarted: a leak of a year must not end in a
    full machine. Not for the run host, whose restart would end all runs."""

    duckdb_memory_limit: Annotated[
        str,
        Field(
            pattern=r"(?i)^(?:[0-9]*[1-9][0-9]*(?:\.[0-9]+)?|0*\.[0-9]*[1-9][0-9]*)\s*[KMGT]i?B$", examples=["512MB"]
        ),
    ] = "128MB"
    """DuckDB's buffer limit per process, in DuckDB's notation."""

    templates_dir: Folder | None = None
    """Folder of custom report templates. None: built-in templates only."""

    frameworks_dir: Folder | None = None
    """Folder of custom frameworks. None: ``<home>/frameworks``."""

    landing_url: str | None = None
    """Folder or ``s3://bucket/prefix`` whose new files are imported. None: ``<home>/landing``."""

    import_folders: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_split_words)] = None
    """Folders and ``s3://bucket/prefix`` URLs, separated by commas, from which runs that were started in the Dagster UI
    may import besides the landing zone. None: the landing zone only."""

    max_quarantined_records: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    """Reading of a file ends when more of its records are bad than this and ``max_quarantined_pct`` allow. Nothing but
    these bad records is kept then."""

    max_quarantined_pct: Annotated[int, Field(ge=0, le=100)] = 50
    """Percent of the records read that may be bad once more than ``max_quarantined_records`` are. 100: any number."""

    max_upload_bytes: Annotated[int, Field(ge=1 << 20, le=1 << 40)] = 4 << 30
    """Largest findings file, in bytes, that ``POST /v1/imports`` accepts."""

    max_evidence_bytes: Annotated[int, Field(ge=1 << 10, le=1 << 30)] = 25 << 20
    """Largest evidence file of an attestation, in bytes."""

    attestation_notice_days: Annotated[int, Field(ge=0, le=365)] = 30
    """Days before the end of an attestation at which its owners are alerted; 0: only of the end itself."""

    max_open_uploads: Count = 20
    """Uploaded files of one organisation that may wait for their import or be read at the same time."""

    rate_limit: Rate = "60000/minute"
    """Requests per API key, as ``count/second|minute|hour|day``."""

    anonymous_rate_limit: Rate = "600/minute"
    """Requests without a valid API key per address, of an IPv6 address per /64: links, refused keys, ``/readyz``.
    Each API process counts alone."""

    rate_limit_url: str | None = None
    """``redis://...``, by which several API processes count requests together. None: each process counts alone."""

    trusted_proxies: Annotated[tuple[Network, ...] | None, NoDecode, BeforeValidator(_split_words)] = None
    """Networks of the proxies in front of the API, separated by commas: ``X-Forwarded-For`` and ``X-Forwarded-Proto``
    count only from them. None: no proxy; the client is the peer of the connection."""

    connections: str | None = None
    """Path of the connections file, or its text. None: ``<home>/connections.yaml``."""

    installation_key: str | None = None
    """``env:NAME`` or ``file:PATH`` of 32 bytes in base64: the key that encrypts passwords and seals the audit log.
    None: ``<home>/keys/installation.key``, created on first use."""

    signing: str | None = None
    """Path of the file that names the signing certificates, or its text. None: ``<home>/signing.yaml``, and without
    that file a certificate that the installation creates."""

    organizations: str | None = None
    """Path of the file with the organisations' display names, or its text. None: ``<home>/organizations.yaml``, which
    may be missing."""

    sign_in: str | None = None
    """Path of the file that names the identity provider (OpenID Connect) by which people sign in, or its text. None:
    ``<home>/sign-in.yaml``, and without that file people sign in by links and keys only."""

    trail_export: str | None = None
    """Folder, or ``connection:NAME`` of an SFTP or storage connection, to which the audit log is copied each hour.
    None: no copy."""

    trail_retention_days: Days | None = None
    """Older records of the audit log are removed, after their export where one is set. None: kept for ever."""

    trend_carry_days: Annotated[int, Field(ge=1, le=366)] = 35
    """For how many days a scan counts in trends, forecasts and daily results until a newer one replaces it. 1: each day
    has its own scans only."""

    retention_days: Days | None = None
    """Reports expire this many days after they were made, unless their organisation or their request sets another
    number. None: never."""

    run_history_days: Days = 30
    """Dagster's records of ended deliveries, alerts and upkeep, and the output of all runs, are removed after this
    time. Records of imports, postures and reports stay: Dagster's partitions are made of them."""

    landing_history_days: Days = 365
    """Imported and parked files of the landing zone are removed after this time."""

    record_history_days: Days = 365
    """Ended alerts, events, links, uploads, and ticks of schedules without a report are removed after this time."""

    min_schedule_interval_seconds: Annotated[Seconds, Field(le=31_536_000)] = 60.0
    """Schedules that would run more often than this are refused."""

    max_dagster_schedules: Annotated[int, Field(ge=0, le=100_000)] = 1000
    """Up to this number, each customer's schedule has its own schedule definition in the Dagster UI. Above it one
    sensor evaluates all of them, because each new definition costs 26 ms of CPU time."""

    broker_url: str | None = None
    """``redis://...`` of the Celery broker that passes runs to ``policycortex worker`` on any machine. None: runs are
    forked on the machine of ``serve``."""

    max_concurrent_runs: Count = 4
    """Runs that execute at the same time, on all machines together. One organisation's runs take at most all but one of
    these slots."""

    api_processes: Count = 1
    """API processes that share the port of ``serve``."""

    traces_url: WebAddress | None = None
    """Where an OpenTelemetry collector takes spans by OTLP over HTTP, ``http://127.0.0.1:4318/v1/traces``. None: no
    spans are made. Needs the extra ``tracing``."""

    source_url: WebAddress | None = None
    """Page of a branch in the repository of this code, to which assets in the Dagster UI link. None: local files."""

    standing_frameworks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_words)] = (
        "soc2",
        "hipaa",
        "iso27001",
    )
    """Ids of the frameworks for which monthly reports are made automatically, separated by commas. ``none``: no such
    reports."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments only: ``Settings(home=...)`` in a migration or a test must not depend on the environment."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @classmethod
    def from_environment(cls, *, home: Path | None = None) -> "Settings":
        """Read ``POLICYCORTEX_*``; ``home``, given on a command line, takes precedence.

        Raises ConfigurationError that names every variable that is unknown or whose value is not allowed.
        """
        given = EnvSettingsSource(cls)() | ({variable_of("home"): home} if home else {})
        try:
            settings = cls(**given)
        except ValidationError as error:
            problems = [_value_problem(str(detail["loc"][0]), detail["input"]) for detail in error.errors()]
            raise _refusal(problems) from None
        if unknown := _unknown_variables(settings):
            raise _refusal([_unknown_problem(name) for name in unknown])
        return settings

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance folder."""
        return self.home / "dagster"

    @property
    def custom_frameworks_dir(self) -> Path:
        """Folder of custom frameworks."""
        return self.frameworks_dir or self.home / "frameworks"


def environment_value(name: str) -> str | None:
    """Value of a variable that is no setting, such as a secret that a connection names as ``env:NAME``.

    Read at each use.
    """
    return os.environ.get(name)


def allowed_values(variable: str) -> str | None:
    """What the value of a setting must be: ``a whole number from 1 to 1000``. None: any text."""
    schema = Settings.model_json_schema()["properties"][variable]
    kind = schema["anyOf"][0] if "anyOf" in schema else schema
    match kind["type"]:
        case "integer":
            return f"a whole number from {kind['minimum']} to {kind['maximum']}"
        case "number":
            return f"a number from {kind['minimum']:g} to {kind['maximum']:.0f}"
        case "array":
            examples = kind["items"].get("examples")
            return f"networks such as {examples[0]}, separated by commas" if examples else None
        case _:
            return f"a text such as {kind['examples'][0]}" if "pattern" in kind else None


def _value_problem(variable: str, value: object) -> Problem:
    return Problem(field=variable, message=f"{variable} must be {allowed_values(variable)}, got {value!r}")


def _unknown_problem(variable: str) -> Problem:
    names = {name.removeprefix(PREFIX): name for name in _setting_variables()}
    nearest = get_close_matches(variable.removeprefix(PREFIX).upper(), names, n=1)
    advice = f"did you mean {names[nearest[0]]}?" if nearest else "unset it, or see docs/operations.md for all settings"
    return Problem(field=variable, message=f"{variable} is not a setting; {advice}")


def _refusal(problems: Sequence[Problem]) -> ConfigurationError:
    return ConfigurationError("; ".join(problem.message for problem in problems), details=tuple(problems))


def _setting_variables() -> frozenset[str]:
    return frozenset(variable_of(field) for field in Settings.model_fields)


def _unknown_variables(settings: Settings) -> list[str]:
    """Variables with our prefix that nothing reads, sorted."""
    named = {name for name in os.environ if name.startswith(PREFIX) and not name.startswith(_TEST_PREFIX)}
    unknown = named - _setting_variables() - {DAGSTER_DATABASE_VARIABLE, URL_VARIABLE, KEY_VARIABLE}
    unknown -= {name for name in unknown if _is_of_kubernetes(name, unknown)}
    return sorted(unknown - _referenced_variables(settings)) if unknown else []


def _is_of_kubernetes(variable: str, variables: Collection[str]) -> bool:
    """Whether Kubernetes set it, as it does in each container for each Service, such as ``policycortex-api``."""
    services = {name.removesuffix(_SERVICE_HOST) for name in variables if name.endswith(_SERVICE_HOST)}
    return any(variable.startswith((f"{service}_SERVICE_", f"{service}_PORT")) for service in services)


def _referenced_variables(settings: Settings) -> set[str]:
    """Variables that the configuration names as secrets: ``env:POLICYCORTEX_...``."""
    home = settings.home
    places = (
        settings.connections or home / "connections.yaml",
        settings.signing or home / "signing.yaml",
        settings.sign_in or home / "sign-in.yaml",
    )
    texts = [settings.installation_key or "", *map(_text_at, places)]
    return {name for text in texts for name in _REFERENCE.findall(text)}


def _text_at(place: str | Path) -> str:
    """The content of a file, or the text itself where no file has that path."""
    try:
        return Path(place).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):  # no such file, or a text that cannot be a path
        return str(place)
