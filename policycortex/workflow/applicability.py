"""From statements in force to what they say of each requirement in a scope, with the findings of their places."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from policycortex.scope import Scope
from policycortex.scoring.applicability import AccountCounts, Exclusion
from policycortex.scoring.attestations import (
    WHOLE,
    Attestation,
    Place,
    Statement,
    attestations_in_force,
    stated_places,
)
from policycortex.scoring.requirement_counts import OUTCOMES

ReadPlaces = Callable[[Sequence[str], Sequence[str]], AccountCounts]
"""Reads the findings in the scope of some accounts and some environments; empty: of all of the scope."""

_NOTHING: Final[frozenset[Place]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedResults:
    """What the statements in force say of requirements in one scope."""

    exclusions: tuple[Exclusion, ...] = ()
    """Requirements that do not apply."""
    statements: Mapping[str, Statement] = field(default_factory=dict)
    """MET where it holds in the whole scope, NOT_MET where it holds in a part of it."""
    in_force: tuple[Attestation, ...] = ()
    limited: Mapping[str, AccountCounts] = field(default_factory=dict)
    """Findings where a statement ``met`` holds that does not hold everywhere, by attestation."""


def stated_at(
    attestations: Sequence[Attestation],
    framework_id: str | None,
    at: datetime,
    *,
    scope: Scope,
    findings: int,
    read: ReadPlaces,
) -> StatedResults:
    """What was stated at the last moment before ``at``; ``findings`` is the number of findings in the scope.

    A statement holds in the whole scope if it holds in all accounts or environments that the scope names, or where all
    of its findings are. Places of ``not_applicable`` complete those of ``met``.
    """
    in_force = attestations_in_force(attestations, framework_id, at)
    if not in_force:
        return StatedResults()
    reader = _Reader(scope=scope, findings=findings, read=read)
    outside, met, not_met = (
        stated_places(in_force, statement) for statement in (Statement.NOT_APPLICABLE, Statement.MET, Statement.NOT_MET)
    )
    stated = {id_: Statement.MET for id_, places in met.items() if reader.holds(places | outside.get(id_, _NOTHING))}
    refuted = {id_: Statement.NOT_MET for id_, places in not_met.items() if reader.concerns(places)}
    return StatedResults(
        exclusions=tuple(reader.exclusions(outside)),
        statements=stated | refuted,
        in_force=in_force,
        limited={
            each.id: reader.counts(each.scope.places)
            for each in in_force
            if each.statement is Statement.MET and each.scope.places != WHOLE
        },
    )


def count_findings(counts: AccountCounts) -> int:
    """Findings of every status in tallies."""
    return int(sum(counts.tallies[outcome].sum() for outcome in OUTCOMES))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Compares places with one scope; each set of places is read once."""

    scope: Scope
    findings: int
    read: ReadPlaces
    known: dict[frozenset[Place], AccountCounts] = field(default_factory=dict)

    def holds(self, places: frozenset[Place]) -> bool:
        """Whether they are the whole scope."""
        if self._is_named_whole(places):
            return True
        found = count_findings(self.counts(places))
        return bool(found) and found == self.findings

    def concerns(self, places: frozenset[Place]) -> bool:
        """Whether they are a part of the scope; with a scope of providers, only where findings are."""
        if places == WHOLE or not self._inside(places):
            return places == WHOLE
        return not self.scope.cloud_providers or bool(count_findings(self.counts(places)))

    def exclusions(self, stated: Mapping[str, frozenset[Place]]) -> Iterator[Exclusion]:
        """The requirements grouped by their places, without places that have no findings."""
        by_places: defaultdict[frozenset[Place], set[str]] = defaultdict(set)
        for id_, places in stated.items():
            by_places[places].add(id_)
        for places, ids in sorted(by_places.items(), key=lambda item: sorted(map(_order, item[0]))):
            if self.holds(places):
                yield Exclusion(requirement_ids=frozenset(ids), counts=None)
            elif count_findings(counts := self.counts(places)):
                yield Exclusion(requirement_ids=frozenset(ids), counts=counts)

    def _is_named_whole(self, places: frozenset[Place]) -> bool:
        """Whether they are all that the scope names."""
        accounts, environments = self.scope.accounts or (None,), self.scope.environments or (None,)
        return all(
            any(Place(account=a, environment=e) in places for a in {account, None} for e in {environment, None})
            for account in accounts
            for environment in environments
        )

    def _inside(self, places: Iterable[Place]) -> frozenset[Place]:
        """Those within the accounts and environments that the scope names."""
        accounts, environments = self.scope.accounts, self.scope.environments
        return frozenset(
            place
            for place in places
            if (place.account is None or not accounts or place.account in accounts)
            and (place.environment is None or not environments or place.environment in environments)
        )

    def counts(self, places: frozenset[Place]) -> AccountCounts:
        """The findings of the places within the scope."""
        inside = self._inside(places)
        if inside not in self.known:
            self.known[inside] = _joined([*self._parts(inside)])
        return self.known[inside]

    def _parts(self, places: frozenset[Place]) -> Iterator[tuple[AccountCounts, int]]:
        """Findings of the places, each once: those of accounts and of environments overlap and are taken off once."""
        accounts = sorted(place.account for place in places if place.account and place.environment is None)
        environments = sorted(place.environment for place in places if place.environment and place.account is None)
        if accounts:
            yield self.read(accounts, ()), 1
        if environments:
            yield self.read((), environments), 1
        if accounts and environments:
            yield self.read(accounts, environments), -1
        single: defaultdict[str, list[str]] = defaultdict(list)
        for place in sorted(places, key=_order):
            is_counted = place.account in accounts or place.environment in environments
            if place.account and place.environment and not is_counted:
                single[place.account].append(place.environment)
        for account, named in single.items():
            yield self.read((account,), named), 1


def _joined(parts: Sequence[tuple[AccountCounts, int]]) -> AccountCounts:
    """The sum; findings are counted line by line, so negative lines take others off."""
    if len(parts) == 1:
        return parts[0][0]
    if not parts:
        return AccountCounts.none()
    return AccountCounts(
        tallies=pl.concat([each.tallies.with_columns(pl.col(*OUTCOMES) * sign) for each, sign in parts]),
        waived=pl.concat([each.waived.with_columns(pl.col("waived") * sign) for each, sign in parts]),
    )


def _order(place: Place) -> tuple[str, str]:
    return place.account or "", place.environment or ""
