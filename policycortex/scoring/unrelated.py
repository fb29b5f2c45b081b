"""Counts the findings in scope that count towards no requirement of a framework, by provider and check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from policycortex.frameworks.model import Framework

_KEY: Final = ("provider", "check_id", "mapping_id")
_OUTCOMES: Final = ("passed", "failed", "manual", "muted")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrelatedCheck:
    """One check of one provider with findings that count towards no requirement."""

    provider: str
    check_id: str
    findings: int
    """Those that do not count, whatever their status."""
    failed: int
    """Those of them that fail and are not muted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrelatedProvider:
    """One provider with findings that count towards no requirement."""

    provider: str
    findings: int
    """Those that do not count."""
    total: int
    """All of the provider in scope."""
    is_outside: bool
    """The framework is written for other providers."""

    @property
    def is_whole(self) -> bool:
        """Whether no finding of the provider counts."""
        return self.findings == self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrelatedFindings:
    """Findings in scope that count towards no requirement of the framework."""

    findings: int = 0
    total: int = 0
    """All findings in scope."""
    providers: tuple[UnrelatedProvider, ...] = ()
    """Most findings first; only those with such findings."""
    checks: tuple[UnrelatedCheck, ...] = ()
    """Most failing findings first, then most findings; every check with such findings."""


def count_unrelated(framework: Framework | None, tallies: pl.DataFrame, relations: pl.DataFrame) -> UnrelatedFindings:
    """Count the findings of ``tallies`` (TALLY_SCHEMA) whose key has no row in ``relations``.

    ``relations`` needs provider, check_id and mapping_id. Without a framework they are those of any framework.
    """
    counted = tallies.with_columns(findings=pl.sum_horizontal(pl.col(*_OUTCOMES)))
    written_for = framework.providers if framework else frozenset()
    unrelated = counted.join(relations.select(_KEY).unique(), on=_KEY, how="anti")
    totals = _by_provider(counted)
    providers = [
        UnrelatedProvider(
            provider=provider,
            findings=findings,
            total=totals[provider],
            is_outside=bool(written_for) and provider not in written_for,
        )
        for provider, findings in _by_provider(unrelated).items()
        if findings
    ]
    return UnrelatedFindings(
        findings=sum(each.findings for each in providers),
        total=sum(totals.values()),
        providers=tuple(sorted(providers, key=lambda each: (-each.findings, each.provider))),
        checks=_checks(unrelated),
    )


def _by_provider(counted: pl.DataFrame) -> Mapping[str, int]:
    return dict(counted.group_by("provider").agg(pl.col("findings").sum()).iter_rows())


def _checks(unrelated: pl.DataFrame) -> tuple[UnrelatedCheck, ...]:
    sums = unrelated.group_by("provider", "check_id").agg(pl.col("findings", "failed").sum())
    ordered = sums.filter(pl.col("findings") > 0).sort(
        "failed", "findings", "provider", "check_id", descending=[True, True, False, False]
    )
    columns = ("provider", "check_id", "findings", "failed")
    return tuple(UnrelatedCheck(**row) for row in ordered.select(columns).iter_rows(named=True))
