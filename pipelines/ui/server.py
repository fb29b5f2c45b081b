"""The Dagster UI as a program, started by ``serve``: ``python -m pipelines.ui.server HOST PORT WORKSPACE``."""

import os
import sys
from pathlib import Path

import uvicorn

from pipelines.platform.webserver import open_webserver
from pipelines.ui.access import UiAccess
from pipelines.ui.guard import UiGuard
from pipelines.ui.recorder import UiRecorder
from policycortex.log_lines import log_config
from policycortex.security.client_address import ClientAddresses
from policycortex.security.private_home import PRIVATE_UMASK
from policycortex.security.session_cookies import SessionCookie
from policycortex.security.web_access import LOOPBACK_NAMES, SiteGuard
from policycortex.settings import Settings

_MAX_MESSAGE_BYTES = 1 << 20


def serve_ui(settings: Settings, *, host: str, port: int, workspace: Path) -> None:
    """Serve the UI until SIGTERM. Reads DAGSTER_HOME."""
    own = [f"http://{name}:{port}" for name in LOOPBACK_NAMES]
    public = settings.ui_url
    site = SiteGuard([*own, *([public] if public else [])], service_urls=[settings.dagster_url])
    access = UiAccess(settings, cookie=SessionCookie(is_secure=bool(public and public.startswith("https://"))))
    recorder = UiRecorder(settings, access)
    addresses = ClientAddresses(settings.trusted_proxies or ())
    try:
        with open_webserver(workspace) as app:
            guard = UiGuard(app, access=access, site=site, recorder=recorder, addresses=addresses)
            uvicorn.run(
                guard,
                host=host,
                port=port,
                log_config=log_config(),
                access_log=False,  # the path of a sign-in contains its token
                proxy_headers=False,  # uvicorn would believe every process on the machine
                server_header=False,
                ws_max_size=_MAX_MESSAGE_BYTES,
                timeout_graceful_shutdown=2,
            )
    finally:
        recorder.close()


if __name__ == "__main__":
    os.umask(PRIVATE_UMASK)
    serve_ui(
        Settings.from_environment(), host=sys.argv[1], port=int(sys.argv[2]), workspace=Path(sys.argv[3]).absolute()
    )
