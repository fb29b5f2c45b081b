"""The API and the console as a program: ``python -m policycortex_cli.api_server HOST PORT [PROCESSES]``.

Started by ``serve``. Several processes share one listening socket; a process that ends is restarted.
"""

import gc
import os
import sys
from importlib.util import find_spec

import uvicorn
from starlette.types import ASGIApp

from api.app import create_app
from api.platform.logs import api_log_config
from api.platform.server import SERVER_OPTIONS
from policycortex.security.private_home import PRIVATE_UMASK
from policycortex.settings import Settings
from policycortex_console.app import Console
from policycortex_mcp.endpoint import McpEndpoint


def make_app() -> ASGIApp:
    """The application for the settings of the environment: tools for assistants and the console before the API."""
    settings = Settings.from_environment()
    api = create_app(settings)
    app: ASGIApp = Console(api, settings)
    if find_spec("mcp") is not None:  # an extra
        app = McpEndpoint(app, api)
    gc.collect()
    gc.freeze()  # the garbage collector then skips the objects made so far
    return app


if __name__ == "__main__":
    os.umask(PRIVATE_UMASK)
    uvicorn.run(
        "policycortex_cli.api_server:make_app",
        factory=True,
        host=sys.argv[1],
        port=int(sys.argv[2]),
        workers=int(sys.argv[3]) if len(sys.argv) > 3 else 1,
        timeout_worker_healthcheck=60,  # on a busy machine, the default of 5 s kills processes that still import
        log_config=api_log_config(),
        **SERVER_OPTIONS,
    )
