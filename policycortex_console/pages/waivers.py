"""Waivers: accepted failures, requested by one person and approved by another."""

from collections.abc import Mapping
from typing import Any, Final

from policycortex_console.approval_pages import ApprovalScreen

_FIELDS: Final = ("framework", "requirement", "check", "account", "resource")


def waiver_body(given: Mapping[str, str]) -> Mapping[str, Any]:
    """The scope of the waiver; what was left empty does not limit it."""
    return {"scope": {name: given[name] for name in _FIELDS if given[name]}}


ROUTES: Final = ApprovalScreen(noun="waivers", template="waivers.html", fields=_FIELDS, body_of=waiver_body).routes()
