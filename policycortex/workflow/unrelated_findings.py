"""What does not count towards any requirement: after an import, and for the answer to a report request."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.requirement_counts import KEY
from policycortex.scoring.unrelated import UnrelatedFindings, UnrelatedProvider, count_unrelated
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.lake.lake import ImportReceipt, Lake
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.unrelated import UnrelatedRow

CHECKS_STORED: Final = 10
"""First checks per provider and framework; the report has them all."""
_DAYS: Final = 30
"""The posture that is stored is that of a report on the last thirty days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountedProvider:
    """A provider of which no imported finding counts towards any requirement of these frameworks.

    A built-in framework is named if it relates checks, and none of the provider: else a small scan would name it by
    chance, and a framework that only people can assess always.
    """

    provider: str
    findings: int
    framework_ids: tuple[str, ...]
    """In the order of the frameworks; those that are written for other providers are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRelations:
    """How many of the imported findings count towards requirements."""

    by_framework: Mapping[str, UnrelatedFindings]
    to_none: UnrelatedFindings
    """Findings that count towards no requirement of any framework."""
    uncounted: tuple[UncountedProvider, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What the answer of an import says, with what to do; empty where there is nothing to say."""
        return (*_lines_to_none(self.to_none), *(_line_uncounted(each) for each in self.uncounted))


def relate_imports(
    settings: Settings, lake: Lake, organization: str, receipts: Sequence[ImportReceipt]
) -> ImportRelations | None:
    """Relate the findings of these imports to the organisation's frameworks; None if they have no findings.

    Raises ConfigurationError where a framework file cannot be used.
    """
    tallies = lake.imports.load_check_counts(organization, receipts)
    if tallies.is_empty():
        return None
    with closing(open_registry(settings)) as registry:
        frameworks = frameworks_of(settings, registry, organization)
    mappings = lake.period_end.load_mappings(organization)
    relations = {id_: expand_crosswalk(each, tallies, mappings) for id_, each in frameworks.items()}
    by_framework = {id_: count_unrelated(frameworks[id_], tallies, found) for id_, found in relations.items()}
    related = pl.concat([tallies.select(KEY).clear(), *(found.select(KEY) for found in relations.values())])
    to_none = count_unrelated(None, tallies, related)
    return ImportRelations(
        by_framework=by_framework, to_none=to_none, uncounted=_uncounted(frameworks, by_framework, to_none)
    )


def store_unrelated(
    lake: Lake, registry: Registry, organization: str, frameworks: Mapping[str, Framework], newest: date
) -> None:
    """Count for every framework, in the posture at the end of the day ``newest``, and store it in the registry."""
    period = Period.of_days(newest - timedelta(days=_DAYS - 1), newest)
    tallies = lake.period_end.load_tallies(Scope(organization=organization), period)
    mappings = lake.period_end.load_mappings(organization)
    counted = {
        id_: count_unrelated(each, tallies, expand_crosswalk(each, tallies, mappings))
        for id_, each in frameworks.items()
    }
    rows = {id_: [_row(found, provider) for provider in found.providers] for id_, found in counted.items()}
    registry.unrelated.replace_rows(organization, newest, rows)


def _row(found: UnrelatedFindings, provider: UnrelatedProvider) -> UnrelatedRow:
    checks = [check.check_id for check in found.checks if check.provider == provider.provider]
    return UnrelatedRow(
        provider=provider.provider,
        findings=provider.findings,
        total=provider.total,
        is_outside=provider.is_outside,
        checks=tuple(checks[:CHECKS_STORED]),
        checks_total=len(checks),
    )


def _uncounted(
    known: Mapping[str, Framework], by_framework: Mapping[str, UnrelatedFindings], to_none: UnrelatedFindings
) -> tuple[UncountedProvider, ...]:
    """Providers of which findings count towards some frameworks and none towards others, most findings first."""
    nowhere = {provider.provider for provider in to_none.providers if provider.is_whole}
    frameworks: dict[str, list[str]] = {}
    totals: dict[str, int] = {}
    for framework_id, found in by_framework.items():
        related = {provider for provider, _ in known[framework_id].crosswalk.relations}
        for provider in found.providers:
            is_lacking = bool(related) and related.isdisjoint({provider.provider, "*"})
            is_named = not known[framework_id].is_builtin or is_lacking
            if is_named and provider.is_whole and not provider.is_outside and provider.provider not in nowhere:
                frameworks.setdefault(provider.provider, []).append(framework_id)
                totals[provider.provider] = provider.total
    ordered = sorted(frameworks, key=lambda name: (-totals[name], name))
    return tuple(
        UncountedProvider(provider=name, findings=totals[name], framework_ids=tuple(frameworks[name]))
        for name in ordered
    )


def _lines_to_none(found: UnrelatedFindings) -> tuple[str, ...]:
    if not found.findings:
        return ()
    checks = [check.check_id for check in found.checks]
    named = ", ".join(checks[:CHECKS_STORED])
    line = (
        f"{found.findings:,} of {found.total:,} findings count towards no requirement of any framework; "
        f"checks ({min(len(checks), CHECKS_STORED)} of {len(checks)}): {named}; "
        "relate them in a crosswalk file (policycortex frameworks add)"
    )
    return (line,)


def _line_uncounted(each: UncountedProvider) -> str:
    provider, frameworks = each.provider or "an unknown provider", ", ".join(each.framework_ids)
    return f"no finding of {provider} counts towards {frameworks} (findings: {each.findings:,})"
