"""What a judgement is recorded under: the crosswalk's version, and a digest of everything that decides a score."""

from hashlib import sha256

from policycortex.frameworks.model import Framework
from policycortex.frameworks.reading import write_framework


def recorded_version(framework: Framework) -> str:
    """``2026-11 reviewed #3f2a...``. It tells, too, where weights or keys changed alone."""
    return f"{framework.crosswalk.version} #{sha256(write_framework(framework)).hexdigest()[:12]}"
