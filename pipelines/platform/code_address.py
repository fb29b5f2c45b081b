"""The address of the code server in the stored states of sensors and schedules.

Each start of ``serve`` has a code server at a free port. Dagster keeps the address of the first one in a state, and its
webserver looks up the newest ticks of a state by it: with another address, lists of sensors and schedules show none.
"""

from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState
from dagster._core.workspace.load_target import WorkspaceFileTarget


def write_code_address(instance: dg.DagsterInstance, workspace: Path) -> int:
    """Write the address in the workspace file into all states of its code location; how many were changed.

    Cursors, times and switches stay as they are. No daemon of the instance may be running.
    """
    (location,) = WorkspaceFileTarget([str(workspace)]).create_origins()
    changed = 0
    for state in instance.all_instigator_state():
        before = state.origin.repository_origin
        repository = RemoteRepositoryOrigin(location, before.repository_name)
        origin = RemoteInstigatorOrigin(repository, state.origin.instigator_name)
        if before.code_location_origin.location_name == location.location_name and origin != state.origin:
            kept = (state.instigator_type, state.status, state.instigator_data)
            instance.update_instigator_state(InstigatorState(origin, *kept))
            changed += 1
    return changed
