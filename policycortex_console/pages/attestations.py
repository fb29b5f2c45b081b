"""Attestations: what people state of requirements, requested by one person and approved by another."""

from collections.abc import Mapping
from typing import Any, Final

from policycortex_console.approval_pages import ApprovalScreen

_FIELDS: Final = ("statement", "framework", "requirements", "accounts")


def attestation_body(given: Mapping[str, str]) -> Mapping[str, Any]:
    """Statement and scope; ids and accounts are separated by commas or line ends."""
    scope: dict[str, Any] = {"framework": given["framework"], "requirements": _split(given["requirements"])}
    if accounts := _split(given["accounts"]):
        scope["accounts"] = accounts
    return {"statement": given["statement"] or "not_applicable", "scope": scope}


def _split(given: str) -> list[str]:
    return [part.strip() for part in given.replace(",", "\n").splitlines() if part.strip()]


ROUTES: Final = ApprovalScreen(
    noun="attestations", template="attestations.html", fields=_FIELDS, body_of=attestation_body
).routes()
