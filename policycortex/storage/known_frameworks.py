"""The frameworks of an organisation: built-in ones, those of the installation's folder, and its own uploads."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from policycortex.errors import ConfigurationError, DataNotKeptError
from policycortex.frameworks.builtin import review_like_builtin
from policycortex.frameworks.catalog import load_frameworks
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Framework
from policycortex.frameworks.reading import read_framework, write_framework
from policycortex.settings import Settings
from policycortex.storage.registry import Registry


def frameworks_of(settings: Settings, registry: Registry, organization: str) -> Mapping[str, Framework]:
    """Frameworks by id. An upload changes no other organisation's. Raises ConfigurationError on an invalid folder."""
    found = dict(load_frameworks(settings.custom_frameworks_dir))
    uploads = registry.frameworks.list_framework_files(organization)
    return found | {framework_id: _read(content) for framework_id, content in uploads.items()}


def framework_known_at(
    settings: Settings, registry: Registry, organization: str, framework_id: str, at: datetime
) -> Framework:
    """The framework as it was known at that time: the last version of an upload or a file before then.

    Built-in frameworks are part of the program and always known. Raises DataNotKeptError, ConfigurationError.
    """
    current = require_framework(settings, registry, organization, framework_id)
    if current.is_builtin:
        return current
    versions = registry.frameworks.list_versions(organization, framework_id)
    if not versions:
        return current
    before = [version for version in versions if version.known_from <= at]
    if before:
        return _read(before[-1].content)
    if framework_id in load_frameworks(settings.custom_frameworks_dir):
        return _read(versions[0].content)  # a file of the folder was there before the first report that used it
    raise DataNotKeptError(
        f"Framework {framework_id!r} was not known on {at:%Y-%m-%d %H:%M:%S} UTC; its earliest kept version is of "
        f"{versions[0].known_from:%Y-%m-%d %H:%M:%S} UTC"
    )


def framework_of_version(
    settings: Settings, registry: Registry, organization: str, framework_id: str, version: str
) -> Framework:
    """The framework whose reviewed edition has that ``recorded_version``. Raises DataNotKeptError."""
    found = frameworks_of(settings, registry, organization).get(framework_id)
    if found is not None and recorded_version(found) == version:
        return found
    for kept in reversed(registry.frameworks.list_versions(organization, framework_id)):
        framework = _read(kept.content)
        if recorded_version(framework) == version:
            return framework
    raise DataNotKeptError(
        f"Framework {framework_id!r} has changed since, and its version {version} is not kept; request a report on the "
        "newest data"
    )


def require_framework(settings: Settings, registry: Registry, organization: str, framework_id: str) -> Framework:
    """The framework as it is now. Raises ConfigurationError when it no longer exists."""
    found = frameworks_of(settings, registry, organization).get(framework_id)
    if found is None:
        raise ConfigurationError(
            f"framework {framework_id!r} no longer exists; put its file back into {settings.custom_frameworks_dir}"
        )
    return found


def keep_framework(registry: Registry, organization: str, framework: Framework, *, now: datetime) -> None:
    """Keep the version that a report was made with, so that the report can be made again. Built-in ones stay as is."""
    if not framework.is_builtin:
        registry.frameworks.keep_version(organization, framework.id, write_framework(framework), now=now)


def read_upload(content: bytes, *, known: Mapping[str, Framework]) -> tuple[Framework, bytes]:
    """Read an upload. Returns the framework and the bytes to store. Raises ConfigurationError with every problem."""
    framework = read_framework(content, name="body", base=known)
    return framework, write_framework(framework)


@lru_cache(maxsize=256)
def _read(content: bytes) -> Framework:
    """Stored bytes are complete: an upload was merged with its base before it was stored."""
    return review_like_builtin(read_framework(content, name="upload", base={}))
