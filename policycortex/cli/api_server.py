"""The API as a program of its own, started by ``serve``: ``python -m policycortex.cli.api_server HOST PORT``."""

import sys

import uvicorn

from api.app import create_app
from api.logs import log_config
from policycortex.settings import Settings

if __name__ == "__main__":
    uvicorn.run(
        create_app(Settings.from_environment()),
        host=sys.argv[1],
        port=int(sys.argv[2]),
        access_log=False,
        log_config=log_config(),
        server_header=False,
    )
