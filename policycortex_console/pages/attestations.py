"""Attestations: what people state of requirements, requested by one person and approved by another."""

from collections.abc import Mapping
from typing import Any, Final

from policycortex_console.approval_pages import ApprovalScreen

_FIELDS: Final = ("statement", "framework", "requirements", "accounts", "environments", "role")


def attestation_body(given: Mapping[str, str]) -> Mapping[str, Any]:
    """Statement and scope; ids and accounts are separated by commas or line ends."""
    scope: dict[str, Any] = {"framework": given["framework"], "requirements": _split(given["requirements"])}
    scope |= {name: found for name in ("accounts", "environments") if (found := _split(given[name]))}
    role = {"role": given["role"]} if given["role"] else {}
    return {"statement": given["statement"], "scope": scope, **role}


def _split(given: str) -> list[str]:
    return [part.strip() for part in given.replace(",", "\n").splitlines() if part.strip()]


ROUTES: Final = ApprovalScreen(
    noun="attestations", template="attestations.html", fields=_FIELDS, body_of=attestation_body
).routes()
