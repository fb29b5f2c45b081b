"""Attestations: what people state of requirements, requested by one person and approved by another."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex_console.approval_pages import ApprovalScreen
from policycortex_console.backend import ApiRefusalError
from policycortex_console.file_responses import send_through
from policycortex_console.forms import FORM_TOKEN, has_form_token, refuse_form, split_values
from policycortex_console.uploads import pass_on, reasons_of

_FIELDS: Final = ("statement", "framework", "requirements", "accounts", "environments", "role")


def attestation_body(given: Mapping[str, str]) -> Mapping[str, Any]:
    """Statement and scope; ids and accounts are separated by commas or line ends."""
    scope: dict[str, Any] = {"framework": given["framework"], "requirements": split_values(given["requirements"])}
    scope |= {name: found for name in ("accounts", "environments") if (found := split_values(given[name]))}
    role = {"role": given["role"]} if given["role"] else {}
    return {"statement": given["statement"], "scope": scope, **role}


_SCREEN: Final = ApprovalScreen(
    noun="attestations",
    template="attestations.html",
    fields=_FIELDS,
    body_of=attestation_body,
    after_request="Attach what shows it. ",
)


async def attach_evidence(request: Request) -> Response:
    """Attach a file as it arrives, before the approval."""
    if not has_form_token(request, request.query_params.get(FORM_TOKEN, "")):
        return refuse_form(request)
    id_ = quote(request.path_params["record_id"], safe="")
    try:
        await pass_on(request, f"/v1/attestations/{id_}/evidence")
    except ApiRefusalError as refusal:
        if refusal.status not in {400, 409, 413}:
            raise
        return await _SCREEN.page_of_one(request, problem=reasons_of(refusal), status=400)
    return RedirectResponse(f"/attestations/{id_}?{urlencode({'notice': 'The file was attached.'})}", status_code=303)


async def download_evidence(request: Request) -> Response:
    """An attached file."""
    id_, sha256 = (quote(request.path_params[name], safe="") for name in ("record_id", "sha256"))
    return send_through(request, f"/v1/attestations/{id_}/evidence/{sha256}")


ROUTES: Final = (
    *_SCREEN.routes(),
    Route("/attestations/{record_id}/evidence", attach_evidence, methods=["POST"]),
    Route("/attestations/{record_id}/evidence/{sha256}", download_evidence, methods=["GET", "HEAD"]),
)
