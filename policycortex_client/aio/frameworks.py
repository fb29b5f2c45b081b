"""Generated from ``policycortex_client/frameworks.py`` by ``clients/python/generate_async.py``."""

from pathlib import Path

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.frameworks import _MEDIA_TYPES, Framework, _read


class AsyncFrameworksClient(AsyncTransport):
    """Methods for frameworks."""

    async def list_frameworks(self) -> tuple[Framework, ...]:
        """Built-in ones and the organisation's own. Raises ApiError."""
        return tuple(_read(item) for item in (await self._get("/v1/frameworks"))["frameworks"])

    async def get_framework(self, framework_id: str) -> Framework:
        """One with its requirements, in ``raw``. Raises ApiError."""
        return _read(await self._get(f"/v1/frameworks/{framework_id}"))

    async def upload_framework(self, file: Path) -> Framework:
        """Upload YAML or JSON of the product, Prowler's JSON, or an OSCAL catalog; replaces an own one of the same id.

        Raises ApiError, and ValueError on another ending than .json, .yaml or .yml.
        """
        media_type = _MEDIA_TYPES.get(file.suffix.lower())
        if media_type is None:
            raise ValueError(f"cannot upload {file.name}: its name must end with {', '.join(_MEDIA_TYPES)}")
        headers = {"Content-Type": media_type}
        return _read((await self._send("POST", "/v1/frameworks", content=file.read_bytes(), headers=headers)).json())
