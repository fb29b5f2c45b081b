"""Files that the server sends: written whole, with the announced digest, or not at all."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx

from policycortex_client.errors import ApiError, ConnectionFailedError, DigestError
from policycortex_client.transport import Filter, Transport, error_body, query_text

_DIGEST = "X-Checksum-SHA256"


class FilesTransport(Transport):
    """Base of method groups that download."""

    def _save(
        self, path: str, target: Path, query: Mapping[str, Filter] | None = None, *, is_announced: bool = True
    ) -> Path:
        """Raises ApiError, ConnectionFailedError, and DigestError also where an announced digest is missing."""
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".download-", delete=False) as part:
            try:
                announced, received = self._receive(path, query or {}, part)
            except BaseException:
                Path(part.name).unlink()
                raise
        if announced != received and (announced is not None or is_announced):
            Path(part.name).unlink()
            raise DigestError(f"{path}: announced SHA-256 {announced}, received {received}")
        return Path(part.name).replace(target)

    def _receive(
        self, path: str, query: Mapping[str, Filter], part: "tempfile._TemporaryFileWrapper[bytes]"
    ) -> tuple[str | None, str]:
        digest = hashlib.sha256()
        try:
            with self._http.stream("GET", path, params=query_text(query), headers={"Accept": "*/*"}) as response:
                if response.is_error:
                    response.read()
                    raise ApiError(response.status_code, error_body(response))
                for chunk in response.iter_bytes():
                    digest.update(chunk)
                    part.write(chunk)
                return response.headers.get(_DIGEST), digest.hexdigest()
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"GET {path}: the file was not received ({error})") from error
