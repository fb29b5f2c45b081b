"""``policycortex migrate``: moves an embedded home to where the environment says, and tells what stands there."""

import sys
from contextlib import ExitStack

from policycortex.settings import Settings
from policycortex.workflow.migration import migrate_installation
from policycortex_cli.home import exclusive_home, make_folder


def migrate_home(source: Settings, target: Settings) -> None:
    """Move, while neither home is served; prints the counts that were compared."""
    with ExitStack() as held:
        held.enter_context(exclusive_home(source))
        make_folder(target.home)
        if target.home != source.home:
            held.enter_context(exclusive_home(target))
        moved = migrate_installation(source, target, progress=lambda line: print(line, file=sys.stderr))
    if not moved.is_new:
        print("everything was moved already; nothing was changed")
        return
    print(f"moved {moved.rows} rows of the registry, each table compared by its SHA-256")
    print(f"moved {moved.lake_files} files and {moved.snapshots} snapshots of the lake, the newest counted out")
    print(f"moved {moved.artifacts} finished files, each compared by its SHA-256")
    print(f"{source.home} is as it was; remove it when you are content")
