"""``policycortex migrate``: moves an embedded home to the database and storage that the settings name."""

import sys
from contextlib import ExitStack

from policycortex.settings import Settings
from policycortex.workflow.migration import migrate_installation
from policycortex_cli.home import exclusive_home, make_folder


def migrate_home(source: Settings, target: Settings) -> None:
    """Move, while neither home is served; prints the compared counts."""
    with ExitStack() as locks:
        locks.enter_context(exclusive_home(source))
        make_folder(target.home)
        if target.home != source.home:
            locks.enter_context(exclusive_home(target))
        moved = migrate_installation(source, target, progress=lambda line: print(line, file=sys.stderr))
    if not moved.is_new:
        print("everything has already been moved; nothing was changed")
        return
    print(f"moved {moved.rows} rows of the registry, each table compared by its SHA-256")
    print(f"moved {moved.lake_files} files and {moved.snapshots} snapshots of the lake, the newest compared by counts")
    print(f"moved {moved.artifacts} report files, each compared by its SHA-256")
    print(f"{source.home} is unchanged; remove it when you no longer need it")
