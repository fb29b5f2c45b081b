"""Risk by versions 2 and 3, and what games with the same findings do to each, as a Markdown table.

    python -m benchmarks.risk_versions HOME
    python -m benchmarks.risk_versions FILE...

The posture of a home is that as last known on the last scanned day of its default organisation. Files are one scan,
imported into a home of its own that is not kept. Version 2 is the share of what is at stake that fails.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from policycortex.names import DEFAULT_ORGANIZATION, Severity
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA, RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.input_frames import WAIVERS_SCHEMA
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.scan_selection import LastKnown
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import rebuild_days

CLEAN_FINDINGS: Final = 3000
_EVER: Final = Period.of_days(date(2000, 1, 1), date(2099, 12, 31))

Game = Callable[[pl.DataFrame], pl.DataFrame]


def _with_clean(items: pl.DataFrame) -> pl.DataFrame:
    """Passing findings of the check with the most of them, which cost nothing to add."""
    most = items.sort("passed", descending=True).head(1)
    clean = most.with_columns(
        passed=pl.lit(CLEAN_FINDINGS, dtype=pl.Int64), failed=pl.lit(0, dtype=pl.Int64), failing_since=None
    )
    return pl.concat([items, clean.cast(RISK_ITEM_SCHEMA)])


GAMES: Final[Mapping[str, Game]] = {
    "as scanned": lambda items: items,
    f"{CLEAN_FINDINGS:,} passing findings more": _with_clean,
    "failing rows only": lambda items: items.with_columns(passed=pl.lit(0, dtype=pl.Int64)),
    "critical relabelled as low": lambda items: items.with_columns(
        severity=pl.col("severity").replace(Severity.CRITICAL.value, Severity.LOW.value)
    ),
    "all tagged as test": lambda items: items.with_columns(environment=pl.lit("test")),
    "all critical fixed": lambda items: items.with_columns(
        failed=pl.when(pl.col("severity") == Severity.CRITICAL.value).then(0).otherwise("failed"),
        passed=pl.when(pl.col("severity") == Severity.CRITICAL.value)
        .then(pl.col("passed") + pl.col("failed"))
        .otherwise("passed"),
    ),
}


def table(items: pl.DataFrame, as_of: date) -> Iterator[str]:
    """Lines of the table: one per game, with the risk of ``items`` (RISK_ITEM_SCHEMA) after it."""
    yield "| findings | version 2 | version 3 | band | worst finding | all others add | failing |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, change in GAMES.items():
        total = assess_risk(change(items), as_of=as_of, weights=RiskWeights()).total
        share = None if total.share_pct is None else float(total.share_pct)
        before, now, worst, others = (_written(each) for each in (share, total.value, total.worst, total.others))
        yield f"| {name} | {before} | {now} | {total.band} | {worst} | {others} | {total.failed:,} |"


def read_home(settings: Settings) -> tuple[pl.DataFrame, date]:
    """RISK_ITEM_SCHEMA of the last scanned day, and that day. Raises ValueError for a home without findings."""
    with open_lake(settings) as lake:
        return _read(lake)


def read_scan(files: Sequence[Path]) -> tuple[pl.DataFrame, date]:
    """The same of files, as the product imports and counts them."""
    with TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        ingest_files(settings, files, organization=DEFAULT_ORGANIZATION, now=datetime.now(UTC))
        with open_lake(settings) as lake:
            days = lake.state.load_stale_days(_EVER.first_utc_date, _EVER.last_utc_date)
        rebuild_days(settings, days)
        with open_lake(settings) as lake:
            lake.analytics.rebuild_ages(days)
            return _read(lake)


def _read(lake: Lake) -> tuple[pl.DataFrame, date]:
    days = lake.period_end.load_observed_dates(DEFAULT_ORGANIZATION, _EVER)
    if not days:
        raise ValueError("there are no findings")
    day = max(days)
    scope = Scope(organization=DEFAULT_ORGANIZATION)
    items = lake.analytics.load_risk_items(scope, LastKnown(day=day), waivers=WAIVERS_SCHEMA.to_frame())
    return items, day


def _written(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def main(arguments: Sequence[str]) -> None:
    """Print the table of a home, or of one scan's files."""
    paths = [Path(each) for each in arguments]
    is_home = len(paths) == 1 and paths[0].is_dir()
    items, day = read_home(Settings(home=paths[0])) if is_home else read_scan(paths)
    print(f"On {day}:\n")
    print("\n".join(table(items, day)))


if __name__ == "__main__":
    main(sys.argv[1:])
