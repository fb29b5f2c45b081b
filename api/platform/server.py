"""Options of the HTTP server, uvicorn, that the program and the tests share."""

from typing import Any, Final

from api.platform.connection_limits import TimedProtocol

SERVER_OPTIONS: Final[dict[str, Any]] = {
    "http": TimedProtocol,
    "access_log": False,  # paths of links contain their tokens
    "proxy_headers": False,  # uvicorn would believe every process on the machine; see client_address
    "server_header": False,
}
