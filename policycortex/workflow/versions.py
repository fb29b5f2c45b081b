"""Whether the program and the data of an installation fit, found without writing anything."""

from dataclasses import dataclass

from policycortex.settings import Settings
from policycortex.storage.lake.catalog import SCHEMA_VERSION, find_lake_version, require_known_lake
from policycortex.storage.registry.revision import HEAD
from policycortex.storage.registry.versions import find_registry_revision, require_known_revision


@dataclass(frozen=True, slots=True, kw_only=True)
class PartVersion:
    """A part of the data."""

    name: str
    stored: str | None
    """None where there is none yet."""
    known: str
    """What this program makes."""

    @property
    def is_current(self) -> bool:
        """Whether nothing has to be migrated."""
        return self.stored in {None, self.known}


def load_versions(settings: Settings) -> tuple[PartVersion, ...]:
    """The stored versions of registry and lake."""
    lake = find_lake_version(settings)
    return (
        PartVersion(name="registry", stored=find_registry_revision(settings), known=HEAD),
        PartVersion(name="lake", stored=None if lake is None else str(lake), known=str(SCHEMA_VERSION)),
    )


def require_known_versions(settings: Settings) -> None:
    """Raise ConfigurationError when a newer program has written the registry or the lake."""
    require_known_revision(find_registry_revision(settings))
    require_known_lake(settings)
