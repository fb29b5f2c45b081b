"""Named parts of a built-in framework that an organisation can leave out as a whole, such as SOC 2's privacy criteria.

A profile is only a name for requirements: the statement that they do not apply needs a reason and an approval, like any
other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from policycortex.frameworks.model import Framework

_FILE: Final = Path(__file__).parent / "data" / "profiles.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkProfile:
    """What is left out, under a name."""

    id: str
    title: str
    """Names what is left out; our own words."""
    patterns: tuple[str, ...]
    """Of requirement ids, with ``*`` and ``?``."""

    def requirement_ids(self, framework: Framework) -> tuple[str, ...]:
        """The framework's requirements in the profile, in its order."""
        ids = (requirement.id for requirement in framework.requirements)
        return tuple(id_ for id_ in ids if any(fnmatchcase(id_, pattern) for pattern in self.patterns))


class _Profile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    id: str
    title: str
    requirements: tuple[str, ...]


def load_profiles(framework_id: str) -> Mapping[str, FrameworkProfile]:
    """The framework's profiles by id; empty where it has none."""
    return _all_profiles().get(framework_id, MappingProxyType({}))


def with_parts(framework: Framework, ids: Iterable[str]) -> tuple[str, ...]:
    """The requirements and all their parts, in the framework's order: a statement on a standard is one on its parts."""
    wanted, parents = set(ids), {r.id: r.parent for r in framework.requirements}
    return tuple(id_ for id_ in parents if not wanted.isdisjoint(_lineage(id_, parents)))


def _lineage(id_: str, parents: Mapping[str, str | None]) -> set[str]:
    """The requirement and all that it is a part of."""
    found: set[str] = set()
    current: str | None = id_
    while current is not None and current not in found:
        found.add(current)
        current = parents.get(current)
    return found


@cache
def _all_profiles() -> Mapping[str, Mapping[str, FrameworkProfile]]:
    file = msgspec.json.decode(_FILE.read_bytes(), type=dict[str, tuple[_Profile, ...]])
    return MappingProxyType({id_: MappingProxyType({p.id: _profile(p) for p in many}) for id_, many in file.items()})


def _profile(read: _Profile) -> FrameworkProfile:
    return FrameworkProfile(id=read.id, title=read.title, patterns=read.requirements)
