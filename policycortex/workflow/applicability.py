"""From statements in force to the requirements that do not apply in a scope, with the findings of their accounts."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from policycortex.scope import Scope
from policycortex.scoring.applicability import AccountCounts, Exclusion
from policycortex.scoring.attestations import (
    EVERYWHERE,
    Attestation,
    attestations_in_force,
    not_applicable_accounts,
)
from policycortex.scoring.requirement_counts import OUTCOMES

ReadAccounts = Callable[[Sequence[str]], AccountCounts]
"""Reads the findings of some accounts in the scope."""


def exclusions_at(
    attestations: Sequence[Attestation],
    framework_id: str | None,
    at: datetime,
    *,
    scope: Scope,
    findings: int,
    read: ReadAccounts,
) -> tuple[Exclusion, ...]:
    """What does not apply at the last moment before ``at``; ``findings`` is their number in the scope.

    A requirement that does not apply in all accounts of the scope applies nowhere: in those that the scope names, else
    in those that have findings.
    """
    stated = not_applicable_accounts(attestations_in_force(attestations, framework_id, at))
    return tuple(_exclusions(stated, scope, findings, read))


def count_findings(counts: AccountCounts) -> int:
    """Findings of every status in tallies."""
    return int(sum(counts.tallies[outcome].sum() for outcome in OUTCOMES))


def _exclusions(
    stated: Mapping[str, frozenset[str]], scope: Scope, findings: int, read: ReadAccounts
) -> Iterator[Exclusion]:
    by_accounts: defaultdict[frozenset[str], set[str]] = defaultdict(set)
    for id_, accounts in stated.items():
        by_accounts[accounts].add(id_)
    for accounts, ids in sorted(by_accounts.items(), key=lambda item: sorted(item[0])):
        if accounts == EVERYWHERE or (scope.accounts and accounts.issuperset(scope.accounts)):
            yield Exclusion(requirement_ids=frozenset(ids), counts=None)
        elif concerned := sorted(accounts.intersection(scope.accounts) if scope.accounts else accounts):
            counts = read(concerned)
            found = count_findings(counts)
            if found:
                yield Exclusion(requirement_ids=frozenset(ids), counts=None if found == findings else counts)
