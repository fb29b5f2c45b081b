"""Filters of a report request over findings, besides its period."""

from dataclasses import dataclass
from typing import Final

NO_OWNER: Final = "no owner"
"""In ``Scope.owners``: findings whose resource has no tag that names an owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFilter:
    """Resources that have this tag with one of these values, compared exactly."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Filters over findings of one organisation, joined by AND; an empty tuple filters nothing.

    ``services``, ``regions`` and ``owners`` are compared without regard to upper and lower case.
    """

    organization: str
    environments: tuple[str, ...] = ()
    cloud_providers: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    """Also the accounts of the account groups that a request names: groups are resolved when it is made."""
    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    tags: tuple[TagFilter, ...] = ()
    owners: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        """Whether it may leave out findings: results that are stored per organisation do not answer it."""
        return bool(self.environments or self.cloud_providers or self.accounts or self.services or self.is_by_finding)

    @property
    def is_by_finding(self) -> bool:
        """Whether it has a filter that tallies cannot answer, so that findings are counted."""
        return bool(self.regions or self.reads_tags)

    @property
    def reads_tags(self) -> bool:
        """Whether it has a filter on the tags of resources."""
        return bool(self.tags or self.owners)
