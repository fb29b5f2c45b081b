"""Dagster's webserver as an ASGI application, whose permissions follow the role of the person who signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dagster import DagsterInstance, __version__
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from pipelines.platform.code_server import replace_code
from pipelines.platform.instance_plugins import CODE_SOCKET
from policycortex.security.web_access import WebRole

_STATEMENT_MILLISECONDS: Final = 15_000  # these four are the defaults of Dagster's own command
_POOL_RECYCLE_SECONDS: Final = 3600
_POOL_OVERFLOW: Final = 20
_POLL_MILLISECONDS: Final = 2000

ROLE: Final = "policycortex.role"
"""Key of a request's scope with the role."""


class RoleWorkspace(WorkspaceProcessContext):
    """Requests of a viewer are read-only for Dagster, too: its pages then disable what a viewer may not do.

    A reload goes to the host of the code server where ``serve`` runs one; Dagster's own server cannot do it alone.
    """

    code_socket: Path | None = None

    def create_request_context(self, source: object | None = None) -> WorkspaceRequestContext:
        """Dagster's own context with the permissions of the request's role. Read-only without a role."""
        role = source.scope.get(ROLE) if isinstance(source, HTTPConnection) else None
        return WorkspaceRequestContext(
            instance=self.instance,
            current_workspace=self.get_current_workspace(),
            process_context=self,
            version=self.version,
            source=source,
            read_only=role != WebRole.OPERATOR,
        )

    def reload_code_location(self, name: str) -> None:
        """Load the definitions anew. Raises ReloadError when they cannot be loaded; those of before stay."""
        if self._replace_code():
            self.refresh_code_location(name)
        else:
            super().reload_code_location(name)

    def reload_workspace(self) -> None:
        """The same for all locations, of which ``serve`` has one."""
        if self._replace_code():
            self.refresh_workspace()
        else:
            super().reload_workspace()

    def _replace_code(self) -> bool:
        if self.code_socket is None or not self.code_socket.exists():
            return False
        replace_code(self.code_socket)
        return True


@contextmanager
def open_webserver(workspace: Path) -> Iterator[ASGIApp]:
    """The application for a workspace file and the instance of DAGSTER_HOME."""
    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(_STATEMENT_MILLISECONDS, _POOL_RECYCLE_SECONDS, _POOL_OVERFLOW)
        target = WorkspaceFileTarget(paths=[str(workspace)])
        with RoleWorkspace(instance, target, version=__version__) as context:
            context.code_socket = workspace.with_name(CODE_SOCKET)
            yield create_app_from_workspace_process_context(context, "", _POLL_MILLISECONDS)
