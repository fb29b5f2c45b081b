"""Measures forecasts on simulated histories of known truth, and on the history of a home: ``docs/analytics.md``.

    python -m benchmarks.forecast_coverage [--series N] [--home FOLDER] [--write docs/analytics.md]

Prints Markdown tables, or writes them into a page, between comments ``<!-- coverage: NAME -->`` and ``<!-- end -->``.
Seeds are fixed, so that the numbers are the same on every run of one version. Constants of the method were chosen on
the first seeds; OTHER_SEEDS were not looked at for that.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from policycortex.scoring.forecasting.forecast import forecast_score
from policycortex.scoring.forecasting.model import Forecast, Numbers
from policycortex.scoring.likely import RESULT_HISTORY_SCHEMA, LikelyFailures, rank_likely_failures

HORIZON_DAYS: Final = 28
FIRST_DAY: Final = date(2026, 1, 1)
WEEKLY_SCORES: Final = range(5, 27)
DAILY_DAYS: Final = (20, 30, 45, 60, 90, 120, 180)
OTHER_SEEDS: Final = 1000
"""The first of the seeds that no constant was chosen on."""
SKILL_WINDOWS: Final = (6, 10, 18, 26)
SKILL_REQUIREMENTS: Final = (20, 60)

Process = Callable[[np.random.Generator, int, int], Numbers]
"""Random numbers, number of scores, days between them -> scores."""


def _step(random: np.random.Generator, count: int, every: int) -> Numbers:
    """One level shift of ten times the noise, somewhere after the first quarter of the known scores."""
    known = count - HORIZON_DAYS // every
    place = random.integers(max(1, known // 4), max(2, known - 1))
    return 70 + 10.0 * (np.arange(count) >= place) + random.normal(0, 1, count)


def _slope(random: np.random.Generator, count: int, every: int) -> Numbers:
    daily = float(random.choice([-1, 1]) * random.uniform(0.02, 0.15))
    return 60 + daily * every * np.arange(count) + random.normal(0, 1, count)


def _season(random: np.random.Generator, count: int, _every: int) -> Numbers:
    phase = random.uniform(0, 6)
    return 75 + 3 * np.sin(2 * np.pi * np.arange(count) / 7 + phase) + random.normal(0, 0.7, count)


def _memory(random: np.random.Generator, count: int, _every: int) -> Numbers:
    values = np.zeros(count)
    for number in range(1, count):
        values[number] = 0.8 * values[number - 1] + random.normal(0, 0.7)
    return 80 + values


def _walk(level: float, daily: float, noise: float) -> Process:
    def walk(random: np.random.Generator, count: int, every: int) -> Numbers:
        moves = np.cumsum(random.normal(0, daily * every**0.5, count))
        return np.asarray(level + moves + random.normal(0, noise, count), dtype=np.float64)

    return walk


KINDS: Final[Mapping[str, Process]] = {
    "noise": lambda random, count, _every: 80 + random.normal(0, 1, count),
    "slope": _slope,
    "step": _step,
    "wandering": _walk(75, 0.4, 0.3),
    "near the top": _walk(97, 0.3, 0.5),
    "memory": _memory,
    "season": _season,
    "rare jumps": lambda random, count, _every: 75 + np.cumsum(
        random.normal(0, 1.5, count) * (random.random(count) < 0.12)
    ),
}  # fmt: skip
SIX_KINDS: Final = ("noise", "slope", "step", "wandering", "near the top", "memory")
TITLES: Final[Mapping[str, str]] = {
    "step": "step of ten times the noise",
    "wandering": "random walk",
    "near the top": "random walk near 100",
    "memory": "autocorrelated errors",
    "season": "weekly season",
    "rare jumps": "rare jumps between constant days",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One forecast of one series compared with what the same process did next."""

    kind: str
    origins: int
    """Past forecasts that the intervals were learnt from."""
    inside_80: float
    """Share of the future scores inside the interval."""
    inside_95: float
    error: float
    """Mean absolute error, points."""
    naive_error: float
    least_width: float
    """Width of the narrowest 80 % interval, points."""


def simulate(kind: str, seed: int, count: int, *, every: int = 1, gaps: float = 0.0) -> Outcome | None:
    """Forecast ``count`` scores, one each ``every`` days, a share ``gaps`` of them missing; None without intervals."""
    random = np.random.default_rng([seed, list(KINDS).index(kind), count, every])
    later = HORIZON_DAYS // every
    truth = np.clip(KINDS[kind](random, count + later, every), 0, 100)
    seen = random.random(count) >= gaps
    seen[[0, count - 1]] = True
    history = {FIRST_DAY + timedelta(days=every * n): float(truth[n]) for n in range(count) if seen[n]}
    made = forecast_score(history, horizon_days=HORIZON_DAYS)
    if not isinstance(made, Forecast):
        return None
    return _compare(kind, made, [every * (n + 1) for n in range(later)], truth[count:], float(truth[count - 1]))


def simulate_weekly(series: int, kinds: Iterable[str] = KINDS, *, first: int = 0) -> list[Outcome]:
    """``series`` weekly histories of each kind and each of 5 to 26 scores, with seeds from ``first`` on."""
    seeds = range(first, first + series)
    made = (simulate(kind, seed, n, every=7) for kind in kinds for n in WEEKLY_SCORES for seed in seeds)
    return [outcome for outcome in made if outcome is not None]


def simulate_daily(series: int, kinds: Iterable[str] = KINDS, *, first: int = 0) -> list[Outcome]:
    """``series`` daily histories of each kind and length; every second one with 10, 30 or 50 % of the days missing."""
    made = (
        simulate(kind, seed, days, gaps=(0.1, 0.3, 0.5)[seed // 2 % 3] if seed % 2 else 0.0)
        for kind in kinds
        for days in DAILY_DAYS
        for seed in range(first, first + series)
    )
    return [outcome for outcome in made if outcome is not None]


def list_share_without_skill(series: int, *, is_shocked: bool = False) -> float:
    """Share of histories with a list of likely failures, although all requirements are alike in each window.

    ``is_shocked``: the probability differs between windows.
    """
    made = [
        isinstance(rank_likely_failures(_alike(windows, requirements, seed, is_shocked=is_shocked)), LikelyFailures)
        for windows in SKILL_WINDOWS
        for requirements in SKILL_REQUIREMENTS
        for seed in range(series)
    ]
    return float(np.mean(made))


def _alike(windows: int, requirements: int, seed: int, *, is_shocked: bool) -> pl.DataFrame:
    """Requirements that fail in windows of 14 days with one probability, each fixed before the next window."""
    random = np.random.default_rng([seed, windows, requirements])
    chance = float(random.choice([0.03, 0.05, 0.1, 0.2, 0.3]))
    names = [f"R{number:03}" for number in range(requirements)]
    rows = [(FIRST_DAY, name, "compliant") for name in names]
    for window in range(windows):
        now = min(0.9, chance * (float(random.choice([0.2, 1.0, 2.5])) if is_shocked else 1.0))
        start = FIRST_DAY + timedelta(days=14 * window)
        failing = random.random(requirements) < now
        rows += [
            (start + timedelta(days=7), name, "non_compliant" if fails else "compliant")
            for name, fails in zip(names, failing, strict=True)
        ]
        rows += [(start + timedelta(days=14), name, "compliant") for name in names]
    return pl.DataFrame(rows, schema=RESULT_HISTORY_SCHEMA, orient="row")


def replay(scores: Mapping[date, float], kind: str) -> list[Outcome]:
    """Forecasts of a real history from each of its days, compared with its later scores."""
    days = sorted(scores)
    found = []
    for number in range(4, len(days) - 1):
        later = [day for day in days[number + 1 :] if (day - days[number]).days <= HORIZON_DAYS]
        made = forecast_score({day: scores[day] for day in days[: number + 1]}, horizon_days=HORIZON_DAYS)
        if later and isinstance(made, Forecast):
            ahead = [(day - days[number]).days for day in later]
            future = np.array([scores[day] for day in later])
            found.append(_compare(kind, made, ahead, future, scores[days[number]]))
    return found


def _compare(kind: str, made: Forecast, ahead: Sequence[int], future: Numbers, last: float) -> Outcome:
    points = [made.points[day - 1] for day in ahead]
    pairs = list(zip(points, future.tolist(), strict=True))
    return Outcome(
        kind=kind,
        origins=made.backtest.origins,
        inside_80=float(np.mean([p.low_80 - 1e-9 <= y <= p.high_80 + 1e-9 for p, y in pairs])),
        inside_95=float(np.mean([p.low_95 - 1e-9 <= y <= p.high_95 + 1e-9 for p, y in pairs])),
        error=float(np.mean([abs(p.value_pct - y) for p, y in pairs])),
        naive_error=float(np.abs(future - last).mean()),
        least_width=min(point.high_80 - point.low_80 for point in made.points),
    )


Groups = Mapping[str, Sequence[Outcome]]


def _table(title: str, groups: Groups) -> Iterator[str]:
    yield f"| {title} | forecasts | inside 80 % | inside 95 % | mean error divided by naive |"
    yield "| --- | --- | --- | --- | --- |"
    for name, members in groups.items():
        if members:
            yield f"| {name} | {len(members):,} | {' | '.join(_inside(members))} | {_against_naive(members)} |"
    yield ""


def _table_of_seeds(title: str, groups: Groups, others: Groups) -> Iterator[str]:
    """The same with the coverage on other seeds beside it."""
    yield (
        f"| {title} | forecasts | inside 80 % | inside 95 % | mean error divided by naive "
        "| other seeds: inside 80 % | inside 95 % |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, members in groups.items():
        inside, elsewhere = _inside(members), _inside(others[name])
        cells = (f"{len(members):,}", *inside, _against_naive(members), *elsewhere)
        yield f"| {TITLES.get(name, name)} | {' | '.join(cells)} |"
    yield ""


def _inside(members: Sequence[Outcome]) -> tuple[str, str]:
    at_80, at_95 = (np.mean([getattr(one, field) for one in members]) for field in ("inside_80", "inside_95"))
    return f"{at_80:.2f}", f"{at_95:.2f}"


def _against_naive(members: Sequence[Outcome]) -> str:
    naive = sum(one.naive_error for one in members)
    return f"{sum(one.error for one in members) / naive:.2f}" if naive else "-"


def _by_kind(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    groups = {kind: [one for one in outcomes if one.kind == kind] for kind in dict.fromkeys(o.kind for o in outcomes)}
    return groups | {"the first six": [one for one in outcomes if one.kind in SIX_KINDS]}


def _by_origins(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    six = [one for one in outcomes if one.kind in SIX_KINDS]
    bands = ((8, 11), (12, 15), (16, 30))
    return {f"{low} to {high}": [one for one in six if low <= one.origins <= high] for low, high in bands}


def _home_histories(home: Path) -> dict[str, dict[date, float]]:
    """The default organisation's daily scores by framework."""
    from policycortex.period import Period  # noqa: PLC0415 - the lake takes a second to open
    from policycortex.scope import Scope  # noqa: PLC0415
    from policycortex.settings import Settings  # noqa: PLC0415
    from policycortex.storage.known_frameworks import frameworks_of  # noqa: PLC0415
    from policycortex.storage.lake.lake import open_lake  # noqa: PLC0415
    from policycortex.storage.registry import open_registry  # noqa: PLC0415
    from policycortex.workflow.analytics_query import AnalyticsQuery  # noqa: PLC0415
    from policycortex.workflow.daily_scores import load_history, observed  # noqa: PLC0415

    settings, now = Settings(home=home), datetime.now(UTC)
    registry = open_registry(settings)
    try:
        frameworks = frameworks_of(settings, registry, "default")
    finally:
        registry.close()
    period = Period.of_days(now.date() - timedelta(days=730), now.date())
    query = AnalyticsQuery(scope=Scope(organization="default"), period=period, framework=None, waivers=(), now=now)
    with open_lake(settings) as lake:
        mappings = lake.period_end.load_mappings("default")
        history = load_history(lake, query, by="framework", frameworks=frameworks, mappings=mappings)
    scored = observed(history).filter(pl.col("denominator") > 0)
    found: dict[str, dict[date, float]] = {}
    for row in scored.iter_rows(named=True):
        found.setdefault(row["series"], {})[row["date"]] = 100 * row["numerator"] / row["denominator"]
    return found


def _home_tables(home: Path) -> Iterator[str]:
    histories = _home_histories(home)
    outcomes = {name: replay(scores, name) for name, scores in histories.items()}
    everything = [one for members in outcomes.values() for one in members]
    lengths = sorted({len(scores) for scores in histories.values()})
    yield f"{len(histories)} frameworks with {' or '.join(map(str, lengths))} days with a scan each."
    yield ""
    yield from _table("framework", outcomes | {"all": everything})


def _weekly_tables(series: int) -> Iterator[str]:
    weekly, others = (simulate_weekly(series, first=first) for first in (0, OTHER_SEEDS))
    yield from _table_of_seeds("past forecasts, first six kinds", _by_origins(weekly), _by_origins(others))
    yield from _table_of_seeds("kind", _by_kind(weekly), _by_kind(others))


def _daily_tables(series: int) -> Iterator[str]:
    daily, others = (simulate_daily(series, first=first) for first in (0, OTHER_SEEDS))
    yield from _table_of_seeds("kind", _by_kind(daily), _by_kind(others))


def _skill_tables(series: int) -> Iterator[str]:
    yield "| histories without skill | with a list |"
    yield "| --- | --- |"
    for name, is_shocked in (("one probability", False), ("the probability differs between windows", True)):
        yield f"| {name} | {100 * list_share_without_skill(series, is_shocked=is_shocked):.1f} % |"
    yield ""


def write_into(page: str, name: str, lines: Iterable[str]) -> str:
    """Return ``page`` with ``lines`` between the comments of ``name``. Raises ValueError for a page without them."""
    pattern = re.compile(rf"(<!-- coverage: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    text = "\n".join(lines).strip()
    written, found = pattern.subn(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page)
    if found != 1:
        raise ValueError(f"the page has {found} places for the tables of {name}, expected one")
    return written


def main() -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=40, help="simulated series per kind and length")
    parser.add_argument("--home", type=Path, help="a home whose history is replayed, for example var/demo/home")
    parser.add_argument("--write", type=Path, help="the page to write the tables into")
    options = parser.parse_args()
    tables = {"weekly": _weekly_tables, "daily": _daily_tables, "likely failures": _skill_tables}
    made = {name: list(table(options.series)) for name, table in tables.items()}
    if options.home:
        made["home"] = list(_home_tables(options.home))
    if options.write is None:
        for name, lines in made.items():
            print("\n".join((f"### {name}", "", *lines)))
        return
    page = options.write.read_text(encoding="utf-8")
    for name, lines in made.items():
        page = write_into(page, name, lines)
    options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
