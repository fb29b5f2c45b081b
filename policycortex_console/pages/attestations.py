"""Attestations: what people state of requirements, requested by one person and approved by another."""

from collections.abc import Mapping
from typing import Any, Final

from policycortex_console.approval_pages import ApprovalScreen
from policycortex_console.forms import split_values

_FIELDS: Final = ("statement", "framework", "requirements", "accounts", "environments", "role")


def attestation_body(given: Mapping[str, str]) -> Mapping[str, Any]:
    """Statement and scope; ids and accounts are separated by commas or line ends."""
    scope: dict[str, Any] = {"framework": given["framework"], "requirements": split_values(given["requirements"])}
    scope |= {name: found for name in ("accounts", "environments") if (found := split_values(given[name]))}
    role = {"role": given["role"]} if given["role"] else {}
    return {"statement": given["statement"], "scope": scope, **role}


ROUTES: Final = ApprovalScreen(
    noun="attestations", template="attestations.html", fields=_FIELDS, body_of=attestation_body
).routes()
