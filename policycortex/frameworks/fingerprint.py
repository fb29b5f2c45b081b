"""The version recorded with a score: the crosswalk's version and a digest of all that decides the score."""

from dataclasses import replace
from functools import cache
from hashlib import sha256

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.reading import write_framework
from policycortex.frameworks.related_checks import load_related_checks
from policycortex.names import CrosswalkEdition


def recorded_version(framework: Framework) -> str:
    """``2026-11 #3f2a...``. It also changes if only weights or keys changed; with texts of a built-in one it does not.

    In the reviewed edition it changes with the review and with the related checks of other tools. The scanner edition
    has the version that scores had before there were editions. Built-in ones are part of the program: a sensor asks
    for all of them every half minute, which took a third of the CPU time of an idle code server.
    """
    is_as_shipped = framework is load_builtin_frameworks().get(framework.id)
    return _builtin_version(framework.id) if is_as_shipped else _version(framework)


@cache
def _builtin_version(framework_id: str) -> str:
    return _version(load_builtin_frameworks()[framework_id])


def _version(framework: Framework) -> str:
    digest = sha256(write_framework(_deciding(framework)))
    version = framework.crosswalk.version
    if framework.has_editions and framework.edition is CrosswalkEdition.REVIEWED:
        version = f"{version}, reviewed"
        digest.update(CrosswalkEdition.REVIEWED.encode())
    if framework.edition is CrosswalkEdition.REVIEWED and framework.has_related_checks:
        digest.update(load_related_checks().version.encode())
    if framework.review is not None and framework.edition is CrosswalkEdition.REVIEWED:
        version = f"{version} {framework.review.version}"
        digest.update(repr((framework.review.digest, sorted(framework.own_checks))).encode())
    return f"{version} #{digest.hexdigest()[:12]}"


def _deciding(framework: Framework) -> Framework:
    """A built-in framework without the texts that only readers see: a better title is no reason to assess again.

    The user's frameworks stay whole, with the version that their stored scores have.
    """
    if not framework.is_builtin:
        return framework
    bare = (replace(each, title=each.id, description="", tags=(), conditions=()) for each in framework.requirements)
    return replace(framework, source="", requirements=tuple(bare))
