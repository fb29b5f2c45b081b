"""The key that the client uses."""

from collections.abc import Mapping
from typing import Any

from policycortex_client.transport import Transport


class KeysClient(Transport):
    """Methods for keys."""

    def get_me(self) -> Mapping[str, Any]:
        """Organisation, scopes and limits of this key, as documented. Raises ApiError."""
        body: Mapping[str, Any] = self._get("/v1/me")
        return body
