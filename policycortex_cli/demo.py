"""``policycortex demo``: imports sample findings and makes reports, in a separate home that each run replaces."""

import shlex
import shutil
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from policycortex.errors import ConfigurationError
from policycortex.findings.samples import write_samples
from policycortex.names import DEFAULT_ORGANIZATION
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex_cli.home import exclusive_home, make_folder
from policycortex_cli.ingest import import_and_refresh
from policycortex_cli.report import copy_files, print_report, produce
from policycortex_cli.runs import home_runs

_FRAMEWORKS: Final = {"soc2": "SOC 2", "hipaa": "HIPAA", "iso27001": "ISO 27001"}
_MONTHS: Final = 3
_NAME: Final = "policycortex"
_MARK: Final = ".policycortex-demo"


def run_demo(settings: Settings, out: Path) -> None:
    """Write samples, import them, make a report per framework; prints scores and paths."""
    _clear(out)
    period = _last_months(datetime.now(UTC))
    print(f"writing sample findings, {period.first_date} to {period.last_date}", file=sys.stderr)
    files = write_samples(out / "findings", period=period)
    with exclusive_home(settings), home_runs(settings) as runs, closing(open_registry(settings)) as registry:
        import_and_refresh(runs, files, organization=DEFAULT_ORGANIZATION)
        for framework, name in _FRAMEWORKS.items():
            body = _body(framework, name, period)
            row = produce(runs, registry, settings, body, organization=DEFAULT_ORGANIZATION)
            print_report(row, copy_files(settings, registry, row, out))
    print(f"see it in the console: {_program()} serve --home {shlex.quote(str(settings.home))}")


def _program() -> str:
    """This program as it was called, where the shell does not find it by its name."""
    called = Path(sys.argv[0])
    return str(called) if called.name == _NAME and shutil.which(_NAME) is None else _NAME


def _body(framework: str, name: str, period: Period) -> dict[str, Any]:
    days = {"start": f"{period.first_date}T00:00:00Z", "end": f"{period.last_date}T23:59:59Z"}
    return {
        "name": f"{name} Compliance",
        "type": "compliance",
        "framework": framework,
        "description": "Made from sample findings of a company that does not exist.",
        "scope": {"date_range": days},
        "format_options": {"formats": ["pdf", "excel", "csv", "json", "html"]},
    }


def _last_months(now: datetime) -> Period:
    end = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = end
    for _ in range(_MONTHS):
        start = (start - timedelta(days=1)).replace(day=1)
    return Period(start=start, end=end)


def _clear(out: Path) -> None:
    # Only a folder of an earlier demo is emptied, because --out may name any folder.
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        raise ConfigurationError(f"{out} contains files that are not of a demo; choose an empty folder")
    shutil.rmtree(out, ignore_errors=True)
    make_folder(out)
    (out / _MARK).touch()
