"""What a framework is: a versioned body of requirements and its relation to scanners' checks. Values only.

Crosswalk rows come from three places in rising order: the finding itself, the catalog, the user's file. For one
(framework, provider, check) the highest source that says anything decides alone. A ``Framework`` holds catalog and
user's file already merged (``overlay``); ``crosswalk`` lets the findings speak where it is silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One clause of a framework, under the standard's own id (``CC6.1``, ``A.8.20``, ``164.308(a)(1)(ii)(A)``)."""

    id: str
    title: str
    """Our own short words, never the standard's text."""
    section: str
    """Title of the section it stands in; sections keep the framework's order of first appearance."""
    description: str = ""
    aliases: tuple[str, ...] = ()
    """Other spellings of the id, as scanners write it (``cc_6_1``)."""
    manual_for: frozenset[str] = frozenset()
    """Providers for which only a person can tell; ``*`` stands for all. Empty: a scanner may tell, or nobody said."""
    weight: float | None = None
    """W of prowler_threatscore; None where the framework carries no weights."""
    level_of_risk: float | None = None
    """R of prowler_threatscore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosswalk:
    """Which checks speak for which requirement: ``(provider, check_id) -> requirement ids``; provider ``*`` is any.

    A named provider goes before ``*``. An empty tuple says that the check speaks for none, whatever its findings name.
    """

    version: str
    """As its author calls it, else ``sha256:`` and twelve digits of the relations' digest: any change changes it."""
    relations: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A framework with its requirements in the standard's order."""

    id: str
    """The API's word: ``soc2``, ``hipaa``, ``iso27001``, or a custom slug."""
    name: str
    version: str
    requirements: tuple[Requirement, ...]
    crosswalk: Crosswalk
    finding_keys: tuple[str, ...] = ()
    """Keys under which findings themselves name it (``SOC2``, ``ISO27001-2022``), compared without case.

    Its own id is always one more.
    """
    providers: frozenset[str] = frozenset()
    """Providers it is written for; findings of others do not speak to it. Empty: any.

    Prowler writes one key, ``CIS-6.0``, for the CIS benchmarks of all clouds.
    """
    is_builtin: bool = False
    source: str = ""
    """Where ids and relations come from, for people."""

    def requirement_by_spelling(self) -> dict[str, str]:
        """Every accepted spelling, casefolded, to the requirement's id."""
        spellings = {alias.casefold(): r.id for r in self.requirements for alias in r.aliases}
        return spellings | {r.id.casefold(): r.id for r in self.requirements}
