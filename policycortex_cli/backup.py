"""``policycortex backup``, ``restore`` and ``upgrade``: prints what was copied, and the versions of the data."""

from datetime import UTC, datetime
from pathlib import Path

from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake_if_any
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.versions import registry_path
from policycortex.workflow.backup import BackupSummary, make_backup, restore_backup
from policycortex.workflow.versions import load_versions
from policycortex_cli.home import exclusive_home


def back_up(settings: Settings, target: Path) -> None:
    """Make a backup; the home may be served meanwhile."""
    if settings.database_url is None and not registry_path(settings).exists():
        raise ConfigurationError(f"there is no installation in {settings.home}")
    made = make_backup(settings, target, now=datetime.now(UTC))
    print(f"backed up {_shown(made)} to {target}")


def restore(settings: Settings, source: Path) -> None:
    """Restore a backup into a new home."""
    restored = restore_backup(source, settings)
    print(f"restored {_shown(restored)} to {settings.home}; start it with policycortex serve")


def upgrade(settings: Settings, *, is_check: bool) -> None:
    """Print the stored versions and those of the program; unless it is only a check, migrate what is older."""
    versions = load_versions(settings)
    for part in versions:
        print(f"{part.name}: {part.stored or 'none yet'}, this program makes {part.known}")
    if all(part.is_current for part in versions):
        print("nothing has to be migrated")
        return
    if is_check:
        print("this program can migrate it; make a backup first, stop serve, then run: policycortex upgrade")
        return
    with exclusive_home(settings):
        open_registry(settings).close()
        with open_lake_if_any(settings):
            pass
    print("migrated")


def _shown(summary: BackupSummary) -> str:
    lake = "no lake" if summary.lake is None else f"lake {summary.lake}"
    return f"{summary.files} files ({summary.size_bytes} bytes; registry {summary.registry}, {lake})"
