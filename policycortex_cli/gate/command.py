"""The command ``policycortex gate``: exit code 0 when the gate passes, 1 when it fails, 2 when it cannot be judged."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from policycortex.errors import PolicyCortexError
from policycortex.names import Severity
from policycortex_cli.api_access import api_options, open_client
from policycortex_cli.gate.model import GateLimits

FAILS: Final = 1
CANNOT_JUDGE: Final = 2
_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_SCOPE: Final = ("environments", "cloud_providers", "accounts")


@click.command()
@click.option("--framework", required=True, metavar="ID", help="Framework whose posture is judged, such as soc2.")
@click.option("--min-score", type=click.FloatRange(0, 100), help="Lowest score that passes, in percent.")
@click.option("--no-new-criticals", is_flag=True, help="Fail on critical findings that did not fail before.")
@click.option("--no-new-highs", is_flag=True, help="The same for high findings.")
@click.option(
    "--against",
    default="last",
    show_default=True,
    metavar="WHEN",
    help="What new findings are new against: last (the last completed report on the framework), the id of a report, "
    "a date (its end in UTC) or a time.",
)
@click.option("--environment", "environments", multiple=True, help="Only findings of it. May be repeated.")
@click.option("--provider", "cloud_providers", multiple=True, help="Only findings of it. May be repeated.")
@click.option("--account", "accounts", multiple=True, help="Only findings of it. May be repeated.")
@click.option(
    "--lookback-days",
    type=click.IntRange(1, 3650),
    help="Count the newest scans of so many days, now and before. [default: 30]",
)
@click.option("--junit", type=_FILE, help="Write the verdict as JUnit XML.")
@click.option("--sarif", type=_FILE, help="Write the failing findings as SARIF 2.1.0.")
@click.option("--markdown", type=_FILE, help="Write the verdict as Markdown.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    help="Seconds to wait until imported findings are counted.",
)
@api_options
def gate(
    *,
    framework: str,
    min_score: float | None,
    no_new_criticals: bool,
    no_new_highs: bool,
    against: str,
    environments: tuple[str, ...],
    cloud_providers: tuple[str, ...],
    accounts: tuple[str, ...],
    lookback_days: int | None,
    junit: Path | None,
    sarif: Path | None,
    markdown: Path | None,
    wait: float,
    url: str | None,
    home: Path | None,
    org: str,
) -> None:
    """Compare a framework's posture with limits, for pipelines.

    Exit code 0: all limits hold; 1: one does not; 2: wrong usage, or the data does not allow a verdict.
    """
    wanted = ((Severity.CRITICAL, no_new_criticals), (Severity.HIGH, no_new_highs))
    no_new = tuple(severity for severity, is_wanted in wanted if is_wanted)
    if min_score is None and not no_new:
        raise click.UsageError("give a limit: --min-score, --no-new-criticals or --no-new-highs")
    given = dict(zip(_SCOPE, (environments, cloud_providers, accounts), strict=True))
    filters = {name: values for name, values in given.items() if values}
    if lookback_days is not None:
        filters["lookback_days"] = (str(lookback_days),)
    limits = GateLimits(framework=framework, min_score_pct=min_score, no_new=no_new, filters=filters)
    with _judged():
        is_passed = _judge(limits, against, (junit, sarif, markdown), wait, url, home, org)
    if not is_passed:
        sys.exit(FAILS)


def _judge(  # noqa: PLR0917 - what the command was given
    limits: GateLimits,
    against: str,
    files: tuple[Path | None, Path | None, Path | None],
    wait_seconds: float,
    url: str | None,
    home: Path | None,
    org: str,
) -> bool:
    from policycortex_cli.gate.judging import judge
    from policycortex_cli.gate.junit import write_junit
    from policycortex_cli.gate.lines import verdict_lines
    from policycortex_cli.gate.markdown import write_markdown
    from policycortex_cli.gate.reading import read_before, read_now
    from policycortex_cli.gate.sarif import write_sarif

    with open_client(url, home, org) as client:
        before = read_before(client, limits, against) if limits.no_new else None
        verdict = judge(limits, read_now(client, limits, wait_seconds=wait_seconds), before)
    for path, write in zip(files, (write_junit, write_sarif, write_markdown), strict=True):
        if path is not None:
            path.write_bytes(write(verdict))
    print(*verdict_lines(verdict), sep="\n")
    return verdict.is_passed


@contextmanager
def _judged() -> Iterator[None]:
    """Every error ends with 2: a pipeline must not take one for a gate that failed, and never for one that passed."""
    from policycortex_client.errors import ClientError

    try:
        yield
    except (PolicyCortexError, ClientError, OSError) as error:
        print(f"policycortex: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(CANNOT_JUDGE)
    except click.ClickException:
        raise
    except Exception:  # noqa: BLE001 - Python would exit with 1, which means that the gate failed
        traceback.print_exc()
        sys.exit(CANNOT_JUDGE)
