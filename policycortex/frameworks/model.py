"""A framework: a versioned list of requirements and their relations to scanners' checks. Values only.

Relations come from three sources, in rising precedence: the finding itself, the catalog, the user's file. For one
(framework, provider, check) the source with the highest precedence that has a relation decides alone. A ``Framework``
has catalog and user's file already merged (``overlay``); ``crosswalk`` adds the findings' own where it has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from policycortex.frameworks.conditions import ScanCondition
from policycortex.frameworks.related_checks import load_related_checks
from policycortex.frameworks.review import Review
from policycortex.names import CrosswalkEdition, RelationStrength, RequirementKind, RequirementTag


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One clause of a framework, under the standard's own id (``CC6.1``, ``A.8.20``, ``164.308(a)(1)(ii)(A)``)."""

    id: str
    title: str
    """Our own short description, never the standard's text."""
    section: str
    """Title of its section; sections are ordered by their first requirement."""
    description: str = ""
    aliases: tuple[str, ...] = ()
    """Other spellings of the id, as scanners write it (``cc_6_1``)."""
    manual_for: frozenset[str] = frozenset()
    """Providers for which only a person can assess it; ``*`` for all. Empty: a scanner can, or it is unknown."""
    weight: float | None = None
    """W of prowler_threatscore; None if the framework has no weights."""
    level_of_risk: float | None = None
    """R of prowler_threatscore."""
    strength: RelationStrength | None = None
    """Strength of all its relations, where its author gave one."""
    parent: str | None = None
    """Id of the requirement that it is a part of: a specification's standard, an enhancement's control."""
    kind: RequirementKind | None = None
    tags: tuple[RequirementTag, ...] = ()
    """What else its framework says of it, in the order of RequirementTag."""
    conditions: tuple[ScanCondition, ...] = ()
    """Settings that its checks must have run with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosswalk:
    """Relations of checks to requirements: ``(provider, check_id) -> requirement ids``; provider ``*`` is any.

    A named provider has precedence over ``*``. An empty tuple relates the check to none, whatever its findings name.
    """

    version: str
    """Given by its author, else ``sha256:`` and twelve digits of a digest of the relations."""
    relations: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    strengths: Mapping[tuple[str, str, str], RelationStrength] = field(default_factory=dict)
    """``(provider, check_id, requirement id)`` to the strength that its author gave; has precedence over all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A framework with its requirements in the standard's order."""

    id: str
    """As in the API: ``soc2``, ``hipaa``, ``iso27001``, or a custom slug."""
    name: str
    version: str
    requirements: tuple[Requirement, ...]
    crosswalk: Crosswalk
    finding_keys: tuple[str, ...] = ()
    """Names of the framework in findings (``SOC2``, ``ISO27001-2022``), compared without case; also its id."""
    providers: frozenset[str] = frozenset()
    """Providers it is written for; findings of others are not related to it. Empty: any.

    Prowler writes one key, ``CIS-6.0``, for the CIS benchmarks of all clouds.
    """
    is_builtin: bool = False
    source: str = ""
    """Where ids and relations come from, for display."""
    review: Review | None = field(default=None, compare=False)
    """Strengths of the built-in relations, and added ones. None: every relation without a given strength is direct."""
    own_checks: frozenset[tuple[str, str]] = frozenset()
    """(provider, check_id) whose relations are the user's, not the built-in ones: the review does not concern them."""
    edition: CrosswalkEdition = CrosswalkEdition.REVIEWED
    """Which relations count."""
    parts: tuple["Framework", ...] = ()
    """Those of a combined framework (``combined``), which has no relations of its own; empty for any other."""

    def requirement_by_spelling(self) -> dict[str, str]:
        """Every accepted spelling, casefolded, to the requirement's id."""
        spellings = {alias.casefold(): r.id for r in self.requirements for alias in r.aliases}
        return spellings | {r.id.casefold(): r.id for r in self.requirements}

    def in_edition(self, edition: CrosswalkEdition) -> "Framework":
        """The same framework with the relations of that edition."""
        if edition is self.edition:
            return self
        return replace(self, edition=edition, parts=tuple(part.in_edition(edition) for part in self.parts))

    @property
    def stored_edition(self) -> CrosswalkEdition:
        """The edition under which the lake has its daily results: the only one, where the editions cannot differ."""
        return self.edition if self.has_editions else CrosswalkEdition.REVIEWED

    @property
    def has_editions(self) -> bool:
        """Whether the editions can differ: by a review, given strengths, requirements with parts or related checks."""
        own = any(requirement.strength or requirement.parent for requirement in self.requirements)
        own = own or any(part.has_editions for part in self.parts)
        return own or self.review is not None or bool(self.crosswalk.strengths) or self.has_related_checks

    @property
    def has_related_checks(self) -> bool:
        """Whether checks of other tools can get requirements of the framework by related checks."""
        providers = {provider for provider, _ in self.crosswalk.relations}
        return not providers.isdisjoint(load_related_checks().providers)
