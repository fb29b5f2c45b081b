"""The frameworks of an organisation: built-in ones, those of the installation's folder, and its own uploads."""

from collections.abc import Mapping
from functools import lru_cache

from policycortex.frameworks.builtin import review_like_builtin
from policycortex.frameworks.catalog import load_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.reading import read_framework, write_framework
from policycortex.settings import Settings
from policycortex.storage.registry import Registry


def frameworks_of(settings: Settings, registry: Registry, organization: str) -> Mapping[str, Framework]:
    """Frameworks by id. An upload changes no other organisation's. Raises ConfigurationError on an invalid folder."""
    found = dict(load_frameworks(settings.custom_frameworks_dir))
    uploads = registry.frameworks.list_framework_files(organization)
    return found | {framework_id: _read(content) for framework_id, content in uploads.items()}


def read_upload(content: bytes, *, known: Mapping[str, Framework]) -> tuple[Framework, bytes]:
    """Read an upload. Returns the framework and the bytes to store. Raises ConfigurationError with every problem."""
    framework = read_framework(content, name="body", base=known)
    return framework, write_framework(framework)


@lru_cache(maxsize=256)
def _read(content: bytes) -> Framework:
    """Stored bytes are complete: an upload was merged with its base before it was stored."""
    return review_like_builtin(read_framework(content, name="upload", base={}))
