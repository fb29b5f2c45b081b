"""Filters of a report request over findings, besides its period."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Filters over findings of one organisation, joined by AND; an empty tuple filters nothing."""

    organization: str
    environments: tuple[str, ...] = ()
    cloud_providers: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
