"""Frameworks: built-in ones and the organisation's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from policycortex_client.transport import Transport

_MEDIA_TYPES: Final = {".json": "application/json", ".yaml": "application/yaml", ".yml": "application/yaml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A framework; in details ``raw`` has its requirements."""

    id: str
    name: str
    version: str
    is_builtin: bool
    requirement_count: int
    raw: Mapping[str, Any]


class FrameworksClient(Transport):
    """Methods for frameworks."""

    def list_frameworks(self) -> tuple[Framework, ...]:
        """Built-in ones and the organisation's own. Raises ApiError."""
        return tuple(_read(item) for item in self._get("/v1/frameworks")["frameworks"])

    def get_framework(self, framework_id: str) -> Framework:
        """One with its requirements, in ``raw``. Raises ApiError."""
        return _read(self._get(f"/v1/frameworks/{framework_id}"))

    def upload_framework(self, file: Path) -> Framework:
        """Upload YAML or JSON of the product, Prowler's JSON, or an OSCAL catalog; replaces an own one of the same id.

        Raises ApiError, and ValueError on another ending than .json, .yaml or .yml.
        """
        media_type = _MEDIA_TYPES.get(file.suffix.lower())
        if media_type is None:
            raise ValueError(f"cannot upload {file.name}: its name must end with {', '.join(_MEDIA_TYPES)}")
        headers = {"Content-Type": media_type}
        return _read(self._send("POST", "/v1/frameworks", content=file.read_bytes(), headers=headers).json())


def _read(body: Mapping[str, Any]) -> Framework:
    return Framework(
        id=body["id"],
        name=body["name"],
        version=body["version"],
        is_builtin=body["is_builtin"],
        requirement_count=body["requirement_count"],
        raw=body,
    )
