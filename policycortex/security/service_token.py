"""The token by which the services of an installation call its Dagster webserver. Nobody stores it.

It is derived from the installation's key, so every machine with that key has it, and a new key ends it.
"""

import base64

from policycortex.security.key_store import open_key_store
from policycortex.settings import Settings


def service_token(settings: Settings) -> str:
    """The token, as text for ``Authorization: Bearer``. Raises ConfigurationError as ``open_key_store``."""
    return base64.urlsafe_b64encode(open_key_store(settings).derive("dagster webserver")).decode().rstrip("=")
