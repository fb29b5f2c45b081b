"""Attacks by run configuration: variables of the service's environment, another home, files of the service."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._config import ConfigType, ConfigTypeKind

from pipelines.definitions import build_defs
from pipelines.resources import CoreResource
from policycortex.settings import Settings

SECRET = "a-secret-of-the-service"
REFERENCE = {"env": "POLICYCORTEX_TEST_SECRET"}


@pytest.fixture
def served_defs(home_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    """The definitions as the service has them, with a secret in its environment."""
    monkeypatch.setenv("POLICYCORTEX_TEST_SECRET", SECRET)
    monkeypatch.setenv("POLICYCORTEX_HOME", str(home_settings.home))
    return build_defs(core=CoreResource(home=str(home_settings.home), is_retrying=False))


def _ops(name: str, **config: object) -> dict[str, Any]:
    return {"ops": {name: {"config": config}}}


@pytest.mark.parametrize(
    ("job", "config"),
    [
        ("ingest_findings", _ops("imports", paths=[REFERENCE])),
        ("ingest_findings", _ops("imports", paths=["x.json"], organization=REFERENCE)),
        ("make_report", _ops("reports__artifacts", report_id=REFERENCE)),
        ("make_monthly_reports", _ops("monthly_reports", type=REFERENCE)),
        ("make_monthly_reports", _ops("monthly_reports", formats=[REFERENCE])),
        ("refresh_posture", {"resources": {"core": {"config": {"home": REFERENCE}}}}),
        ("refresh_posture", {"resources": {"core": {"config": {"is_retrying": REFERENCE}}}}),
        ("refresh_posture", {"resources": {"core": {"config": {"home": "/elsewhere"}}}}),
        ("refresh_posture", {"resources": {"io_manager": {"config": {"base_dir": REFERENCE}}}}),
        ("refresh_posture", {"resources": {"io_manager": {"config": {"base_dir": "/elsewhere"}}}}),
        ("refresh_posture", {"loggers": {"console": {"config": {"name": REFERENCE}}}}),
    ],
)
def test_run_configuration_shows_no_variable_and_chooses_no_folder(
    served_defs: dg.Definitions, instance: dg.DagsterInstance, job: str, config: dict[str, Any]
) -> None:
    """Refused before anything runs, and the message does not contain the variable's value."""
    with pytest.raises(dg.DagsterInvalidConfigError) as refused:
        served_defs.resolve_job_def(job).execute_in_process(instance=instance, run_config=config)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("job", "operation", "config"),
    [
        ("make_monthly_reports", "monthly_reports", {"type": "complianse"}),
        ("make_monthly_reports", "monthly_reports", {"formats": ["pdff"]}),
        ("make_period_reports", "reports__by_period", {"crosswalk": "reviewd"}),
        ("request_reports", "make_requested", {"split": "week"}),
        ("request_reports", "make_requested", {"types": ["complianse"]}),
    ],
)
def test_words_of_a_closed_set_are_refused_before_a_run_starts(
    served_defs: dg.Definitions, job: str, operation: str, config: dict[str, Any]
) -> None:
    """The launchpad offers the known ones; a run would end as an unexpected error."""
    with pytest.raises(dg.DagsterInvalidConfigError, match="not in enum type"):
        dg.validate_run_config(served_defs.resolve_job_def(job), _ops(operation, **config))


def test_no_field_of_any_job_reads_the_environment(served_defs: dg.Definitions) -> None:
    """No run configuration has Dagster's types that accept ``{env: NAME}``; a new field of such a type fails here."""
    found = [
        f"{job.name}{path}"
        for job in served_defs.get_repository_def().get_all_jobs()
        for path, key in _types(job.run_config_schema.config_type, "")
        if "Source" in key
    ]
    assert found == []


def test_a_run_imports_no_file_of_the_service(
    served_defs: dg.Definitions, instance: dg.DagsterInstance, home_settings: Settings
) -> None:
    """A file outside the landing zone; the same message for one that does not exist."""
    for path in (home_settings.home / "keys" / "installation.key", "/etc/passwd", "/no/such/file"):
        config = _ops("imports", paths=[str(path)])
        with pytest.raises(dg.Failure, match="may not be imported by a run"):
            served_defs.resolve_job_def("ingest_findings").execute_in_process(instance=instance, run_config=config)


def _types(found: ConfigType, path: str) -> Iterator[tuple[str, str]]:
    """Every type below, with its place."""
    yield path, str(found.key)
    if ConfigTypeKind.has_fields(found.kind):
        for name, field in found.fields.items():  # type: ignore[attr-defined]
            yield from _types(field.config_type, f"{path}.{name}")
        return
    for inner in found.type_params or ():
        yield from _types(inner, f"{path}[]")
