"""The user's file over the catalog: for one (provider, check) the user's word stands alone."""

from collections.abc import Mapping
from dataclasses import replace

from policycortex.frameworks.model import Crosswalk, Framework


def overlay(user: Framework, base: Framework) -> Framework:
    """``user`` with ``base`` behind it: relations of checks that the user does not mention stay as ``base`` has them.

    A user's relation for provider ``*`` silences the base's for every provider. Relations to requirements that the
    user's file no longer has are dropped. Doing it twice changes nothing.
    """
    mine = user.crosswalk.relations
    for_any = {check_id for provider, check_id in mine if provider == "*"}
    kept = {
        key: ids
        for key, ids in _within(base.crosswalk.relations, {r.id for r in user.requirements}).items()
        if key not in mine and key[1] not in for_any
    }
    return replace(user, crosswalk=Crosswalk(version=_version(user, base), relations={**kept, **mine}))


def _within(
    relations: Mapping[tuple[str, str], tuple[str, ...]], requirement_ids: set[str]
) -> dict[tuple[str, str], tuple[str, ...]]:
    found = {key: tuple(i for i in ids if i in requirement_ids) for key, ids in relations.items()}
    return {key: ids for key, ids in found.items() if ids or not relations[key]}


def _version(user: Framework, base: Framework) -> str:
    behind = f" over {base.crosswalk.version}"
    return user.crosswalk.version if user.crosswalk.version.endswith(behind) else user.crosswalk.version + behind
