"""Which files a run may import: what is in the landing zone or in a folder that the operator configured.

A run reads with the rights of the service. Without limits, everyone who may start one could read its other files,
because quarantined records show text of the file.
"""

from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from policycortex.errors import InputError
from policycortex.settings import Settings
from policycortex.storage.objects.landing import landing_location
from policycortex.storage.objects.locations import is_object_url


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLimits:
    """Folders and URL prefixes with everything below them."""

    folders: tuple[Path, ...]
    """Without symbolic links."""
    prefixes: tuple[str, ...]
    """Object-store URLs with a final slash."""

    def check(self, given: str) -> None:
        """Raise InputError when the path, pattern or URL leads to another place. It tells nothing of what is there."""
        parts = Path(given).parts
        is_allowed = ".." not in parts and (
            given.startswith(self.prefixes) if is_object_url(given) else self.allows(_fixed_part(parts))
        )
        if not is_allowed:
            raise InputError(
                f"{given} may not be imported by a run: put it into the landing zone or a folder of "
                "POLICYCORTEX_IMPORT_FOLDERS, or use 'policycortex ingest'"
            )

    def allows(self, path: Path) -> bool:
        """Whether the file or folder is inside, after all symbolic links."""
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):  # a loop of links, or a text that cannot be a path
            return False
        return any(real.is_relative_to(folder) for folder in self.folders)


def import_limits(settings: Settings) -> ImportLimits:
    """The landing zone and POLICYCORTEX_IMPORT_FOLDERS."""
    locations = (landing_location(settings), *(settings.import_folders or ()))
    return ImportLimits(
        folders=tuple(Path(each).resolve() for each in locations if not is_object_url(each)),
        prefixes=tuple(f"{each.rstrip('/')}/" for each in locations if is_object_url(each)),
    )


def _fixed_part(parts: tuple[str, ...]) -> Path:
    """The path up to the first component with a wildcard. Below it each match is checked."""
    fixed: list[str] = []
    for part in parts:
        if has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)
