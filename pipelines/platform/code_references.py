"""Links from assets in the UI to their code: the local file, or its page in a repository."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import dagster as dg
from dagster._utils.warnings import BetaWarning

from policycortex.errors import ConfigurationError

_PLATFORMS: Final = {"/-/tree/": "gitlab", "/tree/": "github"}
"""Path segment between repository and branch, and the platform that uses it. The longer segment comes first."""


def with_code_references(assets: Sequence[Any], source_url: str | None) -> list[Any]:
    """The assets, each with the file and line of its function.

    ``source_url`` is the page of a branch, ``https://host/owner/name/tree/branch``; None: local files. Raises
    ConfigurationError for any other URL.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)  # every command would show it; Dagster's version is pinned
        return list(_linked(dg.with_source_code_references(assets), source_url))


def _linked(local: Sequence[Any], source_url: str | None) -> Sequence[Any]:
    if source_url is None:
        return local
    repository, branch, platform = _parse(source_url)
    here = Path(__file__)
    in_repository = here.relative_to(here.parents[2]).as_posix()
    mapping = dg.AnchorBasedFilePathMapping(local_file_anchor=here, file_anchor_path_in_repository=in_repository)
    return dg.link_code_references_to_git(local, repository, branch, mapping, platform=platform)  # type: ignore[arg-type]


def _parse(source_url: str) -> tuple[str, str, str]:
    for segment, platform in _PLATFORMS.items():
        repository, found, branch = source_url.rstrip("/").partition(segment)
        if found and branch and repository.startswith("https://"):
            return repository, branch, platform
    raise ConfigurationError(
        f"POLICYCORTEX_SOURCE_URL must be the page of a branch, such as https://github.com/owner/name/tree/main, "
        f"got {source_url!r}"
    )
