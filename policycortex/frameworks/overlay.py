"""Merges the user's file with the catalog: for one (provider, check) the user's relations replace the catalog's."""

from collections.abc import Mapping
from dataclasses import replace

from policycortex.frameworks.model import Crosswalk, Framework


def overlay(user: Framework, base: Framework) -> Framework:
    """``user`` extended by ``base``: checks that the user does not name keep the relations of ``base``.

    A user's relation for provider ``*`` replaces the base's for every provider. Relations to requirements that the
    user's file no longer has are dropped. Merging twice changes nothing.
    """
    users, strengths = user.crosswalk.relations, {**base.crosswalk.strengths, **user.crosswalk.strengths}
    for_any = {check_id for provider, check_id in users if provider == "*"}
    kept = {
        key: ids
        for key, ids in _within(base.crosswalk.relations, {r.id for r in user.requirements}).items()
        if key not in users and key[1] not in for_any
    }
    relations = {**kept, **users}
    crosswalk = Crosswalk(version=_version(user, base), relations=relations, strengths=strengths)
    return with_review(replace(user, crosswalk=crosswalk), base)


def with_review(user: Framework, base: Framework) -> Framework:
    """``user`` with the review of ``base``, for checks with the same relations in both; the others are the user's."""
    if base.review is None:
        return user
    changed = {
        key for key, ids in user.crosswalk.relations.items() if set(base.crosswalk.relations.get(key, ())) != set(ids)
    }
    return replace(user, review=base.review, own_checks=frozenset(changed) | base.own_checks)


def _within(
    relations: Mapping[tuple[str, str], tuple[str, ...]], requirement_ids: set[str]
) -> dict[tuple[str, str], tuple[str, ...]]:
    found = {key: tuple(i for i in ids if i in requirement_ids) for key, ids in relations.items()}
    return {key: ids for key, ids in found.items() if ids or not relations[key]}


def _version(user: Framework, base: Framework) -> str:
    suffix = f" over {base.crosswalk.version}"
    return user.crosswalk.version if user.crosswalk.version.endswith(suffix) else user.crosswalk.version + suffix
