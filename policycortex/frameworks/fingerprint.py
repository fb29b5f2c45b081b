"""The version recorded with a score: the crosswalk's version and a digest of all that decides the score."""

from hashlib import sha256

from policycortex.frameworks.model import Framework
from policycortex.frameworks.reading import write_framework


def recorded_version(framework: Framework) -> str:
    """``2026-11 reviewed #3f2a...``. It also changes if only weights or keys changed."""
    return f"{framework.crosswalk.version} #{sha256(write_framework(framework)).hexdigest()[:12]}"
