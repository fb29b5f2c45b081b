"""The commands, and the translation of errors: one line on stderr, exit code 2 for wrong usage, 1 for failed work."""

import sys
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from policycortex.errors import ConfigurationError, PolicyCortexError, RequestError
from policycortex.names import ReportFormat
from policycortex.settings import Settings
from policycortex_cli.assistants import mcp
from policycortex_cli.attestations import attestations
from policycortex_cli.comments import comments
from policycortex_cli.connections import connections
from policycortex_cli.deliveries import deliveries
from policycortex_cli.frameworks import frameworks
from policycortex_cli.gate.command import gate
from policycortex_cli.keys import keys
from policycortex_cli.milestones import milestones
from policycortex_cli.options import FOLDER as _FOLDER
from policycortex_cli.options import crosswalk_option as _crosswalk_option
from policycortex_cli.options import home_option as _home_option
from policycortex_cli.options import org_option as _org_option
from policycortex_cli.quarantine import quarantine
from policycortex_cli.report_list import reports
from policycortex_cli.status import status
from policycortex_cli.tickets import tickets
from policycortex_cli.ui import ui
from policycortex_cli.verify import certificate, retention, trail, verify
from policycortex_cli.waivers import waivers

_PORT = click.IntRange(1, 65535)
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(package_name="policycortex-reports", message="%(prog)s %(version)s")
def app() -> None:
    """Compliance reports from cloud-security findings."""


@app.command()
@_home_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address the API listens on.")
@click.option("--port", type=_PORT, default=8000, show_default=True, help="Port of the API.")
@click.option("--dagster-host", default="127.0.0.1", show_default=True, help="Address the Dagster UI listens on.")
@click.option("--dagster-port", type=_PORT, default=3000, show_default=True, help="Port of the Dagster UI.")
def serve(home: Path | None, host: str, port: int, dagster_host: str, dagster_port: int) -> None:
    """Serve the API and the Dagster UI until Ctrl-C or SIGTERM. Prints a link that signs in to the UI once."""
    from policycortex_cli.serve import serve_until_stopped

    settings = Settings.from_environment(home=home)
    serve_until_stopped(settings, host=host, port=port, dagster_host=dagster_host, dagster_port=dagster_port)


@app.command()
@_home_option
@click.option("--slots", type=click.IntRange(1, 64), default=2, show_default=True, help="Runs at the same time.")
@click.option("--name", default="worker", show_default=True, help="Distinguishes the workers of one machine.")
def worker(home: Path | None, slots: int, name: str) -> None:
    """Execute runs from the broker POLICYCORTEX_BROKER_URL, until Ctrl-C or SIGTERM."""
    from policycortex_cli.worker import work_until_stopped

    work_until_stopped(Settings.from_environment(home=home), slots=slots, name=name)


@app.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--target",
    default="",
    help="What the scans were limited to, such as a repository or a cluster; only newer scans of it replace them. "
    "Without it, the target is taken from each file, its folder or its name.",
)
@_home_option
@_org_option
def ingest(paths: tuple[str, ...], target: str, home: Path | None, org: str) -> None:
    """Import files, folders or s3:// URLs of findings, and refresh the posture of the affected days."""
    from policycortex_cli.ingest import ingest_paths

    ingest_paths(Settings.from_environment(home=home), paths, organization=org, target=target)


@app.command()
@click.argument(
    "request", metavar="[REQUEST.json]", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--out", required=True, type=_FOLDER, help="Folder for the files.")
@click.option(
    "--like",
    metavar="ID",
    help="Make this completed report again, from the same data, with what REQUEST.json and the options change.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice([kind.value for kind in ReportFormat]),
    help="Format in place of those of the request. May be repeated.",
)
@click.option("--locale", help="Language in place of that of the request, such as de.")
@click.option("--known-on", metavar="DATE", help="As known on this date: later scans and approvals do not count.")
@_crosswalk_option
@_home_option
@_org_option
def report(
    *,
    request: Path | None,
    out: Path,
    like: str | None,
    formats: tuple[str, ...],
    locale: str | None,
    known_on: str | None,
    crosswalk: str | None,
    home: Path | None,
    org: str,
) -> None:
    """Make one report; REQUEST.json is the body of POST /v1/reports."""
    from policycortex_cli.report import changed_body, make_report

    if request is None and like is None:
        raise click.UsageError("give a REQUEST.json, or --like with the id of a report")
    body = changed_body(request, like=like, formats=formats, locale=locale, known_on=known_on, crosswalk=crosswalk)
    make_report(Settings.from_environment(home=home), body, out=out, organization=org)


@app.command()
@click.option("--start", required=True, type=_DAY, help="First day, YYYY-MM-DD.")
@click.option("--end", required=True, type=_DAY, help="Last day, included.")
@click.option(
    "--framework",
    "frameworks",
    multiple=True,
    metavar="ID",
    help="Also make the monthly reports of each whole closed month for this framework. May be repeated.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice([kind.value for kind in ReportFormat]),
    help="Formats of the monthly reports; default: pdf, csv and json. May be repeated.",
)
@_crosswalk_option
@_home_option
@_org_option
def backfill(
    *,
    start: datetime,
    end: datetime,
    frameworks: tuple[str, ...],
    formats: tuple[str, ...],
    crosswalk: str | None,
    home: Path | None,
    org: str,
) -> None:
    """Rebuild and assess a range of days, one run per month, and make monthly reports. Safe to stop and repeat."""
    from policycortex_cli.backfill import backfill_days

    settings = Settings.from_environment(home=home)
    backfill_days(
        settings,
        start.date(),
        end.date(),
        frameworks=frameworks,
        formats=formats,
        crosswalk=crosswalk,
        organization=org,
    )


@app.command()
@click.option(
    "--out", default="var/demo", show_default=True, type=_FOLDER, help="Folder of the demo; replaced at each run."
)
def demo(out: Path) -> None:
    """Make sample findings of three clouds and three months, and reports on them."""
    from policycortex_cli.demo import run_demo

    run_demo(Settings.from_environment(home=out / "home"), out)


@app.command()
@click.option(
    "--keep-days",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Days for which a snapshot of the lake is kept although no report was made from it.",
)
@click.option(
    "--grace-hours",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    help="Hours for which unreferenced files are kept; must be longer than the longest run.",
)
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@_home_option
def gc(keep_days: float, grace_hours: float, dry_run: bool, home: Path | None) -> None:
    """Remove files and snapshots that are no longer referenced."""
    from policycortex_cli.garbage_collection import remove_garbage

    settings = Settings.from_environment(home=home)
    remove_garbage(settings, keep_days=keep_days, grace_hours=grace_hours, is_dry_run=dry_run)


@app.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@_home_option
def backup(folder: Path, home: Path | None) -> None:
    """Copy an embedded home into the new folder DIR, also while it is served."""
    from policycortex_cli.backup import back_up

    back_up(Settings.from_environment(home=home), folder)


@app.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@_home_option
def restore(folder: Path, home: Path | None) -> None:
    """Restore the backup DIR into a home that is missing or empty."""
    from policycortex_cli.backup import restore as restore_home

    restore_home(Settings.from_environment(home=home), folder)


@app.command()
@click.option("--check", is_flag=True, help="Only print the versions; nothing is changed.")
@_home_option
def upgrade(check: bool, home: Path | None) -> None:
    """Migrate the data of an earlier version, with a copy of the registry beside it."""
    from policycortex_cli.backup import upgrade as upgrade_home

    upgrade_home(Settings.from_environment(home=home), is_check=check)


app.add_command(quarantine)


@app.command()
@click.option("--from", "source", required=True, type=_FOLDER, help="The embedded home to move; it is not changed.")
@click.option(
    "--to",
    "target",
    type=_FOLDER,
    default=None,
    help="Home of the new installation; default: the same home. POLICYCORTEX_DATABASE_URL, "
    "POLICYCORTEX_LAKE_URL and POLICYCORTEX_ARTIFACTS_URL name the targets of its rows and files.",
)
def migrate(source: Path, target: Path | None) -> None:
    """Move an embedded home into Postgres and object storage."""
    from policycortex_cli.migrate import migrate_home

    migrate_home(Settings(home=source.absolute()), Settings.from_environment(home=target or source))


app.add_command(keys)
app.add_command(verify)
app.add_command(trail)
app.add_command(certificate)
app.add_command(retention)
app.add_command(waivers)
app.add_command(attestations)
app.add_command(comments)
app.add_command(milestones)
app.add_command(frameworks)
app.add_command(connections)
app.add_command(deliveries)
app.add_command(tickets)
app.add_command(ui)
app.add_command(gate)
app.add_command(reports)
app.add_command(status)
app.add_command(mcp)


def run() -> NoReturn:
    """Run the command line and exit. Errors that a user can correct print no traceback."""
    try:
        sys.exit(app(prog_name="policycortex", standalone_mode=False) or 0)
    except click.ClickException as error:
        fail(error.format_message(), code=error.exit_code)
    except (ConfigurationError, RequestError) as error:
        fail(one_line(error), code=2)
    except PolicyCortexError as error:
        fail(one_line(error), code=1)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), code=1)
    except (KeyboardInterrupt, click.Abort):
        fail("stopped", code=130)


def fail(message: str, *, code: int) -> NoReturn:
    """Print one line on stderr and exit."""
    print(f"policycortex: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def one_line(error: PolicyCortexError) -> str:
    """The message of an error, and those of its details that the message does not contain."""
    message = str(error)
    details = [f"{problem.field}: {problem.message}" for problem in error.details if problem.message not in message]
    return f"{message} ({'; '.join(details)})" if details else message
