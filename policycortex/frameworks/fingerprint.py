"""The version recorded with a score: the crosswalk's version and a digest of all that decides the score."""

from hashlib import sha256

from policycortex.frameworks.model import Framework
from policycortex.frameworks.reading import write_framework
from policycortex.frameworks.related_checks import load_related_checks
from policycortex.names import CrosswalkEdition


def recorded_version(framework: Framework) -> str:
    """``2026-11 #3f2a...``. It also changes if only weights or keys changed.

    In the reviewed edition it changes with the review and with the related checks of other tools. The scanner edition
    has the version that scores had before there were editions.
    """
    digest = sha256(write_framework(framework))
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
