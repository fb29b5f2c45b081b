"""What waivers and attestations share: a list, a request, an approval by a second person, an end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, choices, person_of, post, text
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render
from policycortex_console.uploads import reasons_of, upload_address


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalScreen:
    """One kind of record that two people make."""

    noun: str
    """Plural, as in the paths of the API and of the console: ``waivers``."""
    template: str
    fields: tuple[str, ...]
    """Names of the form's fields for ``body_of``."""
    after_request: str = ""
    """What to do before the approval, as a sentence with a blank at its end."""
    body_of: Callable[[Mapping[str, str]], Mapping[str, Any]]
    """The body of the API's POST for the values of the form, without reason and times."""

    def routes(self) -> tuple[BaseRoute, ...]:
        """The routes of the screen."""
        return (
            Route(f"/{self.noun}", self.show, methods=["GET"]),
            Route(f"/{self.noun}/{{record_id}}", self.show_one, methods=["GET"]),
            post(f"/{self.noun}", self.request),
            post(f"/{self.noun}/{{record_id}}/approve", self.approve),
            post(f"/{self.noun}/{{record_id}}/end", self.end),
        )

    async def show(self, request: Request) -> Response:
        """The list with the form; the form is filled from the address, so that other screens can link to it."""
        given = {name: request.query_params.get(name, "") for name in self.fields}
        return await self._page(request, given)

    async def request(self, request: Request, form: FormData) -> Response:
        """Request one; a second person approves it."""
        given = {name: text(form, name) for name in (*self.fields, "reason", "until")}
        body = {**self.body_of(given), "reason": given["reason"], "until": _end_of(given["until"])}
        try:
            made = await backend_of(request).post(f"/v1/{self.noun}", body)
        except ApiRefusalError as refusal:
            if refusal.status not in {400, 409}:
                raise
            return await self._page(request, given, problems=refusal.problems() or {"": str(refusal)}, status=400)
        return self._to(made["id"], f"It was requested. {self.after_request}Another person must approve it.")

    async def show_one(self, request: Request) -> Response:
        """One record with its people and times."""
        return await self.page_of_one(request)

    async def approve(self, request: Request, form: FormData) -> Response:
        """Approve one that somebody else requested, as it was shown: with files that came since it is refused."""
        body: dict[str, Any] = {name: text(form, name) for name in ("role",) if text(form, name)}
        if "seen" in form:
            body["evidence"] = choices(form, "seen")
        try:
            await backend_of(request).post(f"{self._api(request)}/approve", body)
        except ApiRefusalError as refusal:
            if refusal.status not in {400, 409}:
                raise
            return await self.page_of_one(request, problem=reasons_of(refusal), status=refusal.status)
        return self._to(request.path_params["record_id"], "It was approved.")

    async def end(self, request: Request, _form: FormData) -> Response:
        """Revoke one; reports of earlier times keep it."""
        await backend_of(request).delete(self._api(request))
        return self._to(request.path_params["record_id"], "It has ended.")

    async def page_of_one(self, request: Request, *, problem: str = "", status: int = 200) -> Response:
        """The page of the record in the address."""
        record = await backend_of(request).get(self._api(request))
        context = {
            "noun": self.noun,
            "record": record,
            "problem": problem,
            "action": upload_address(request, f"/{self.noun}/{record['id']}/evidence"),
        }
        return render(request, "approval.html", context, person=person_of(request), status=status)

    async def _page(
        self,
        request: Request,
        given: Mapping[str, str],
        *,
        problems: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        backend = backend_of(request)
        found = await backend.get(f"/v1/{self.noun}", limit=PAGE_SIZE, offset=offset_of(request))
        records = found[self.noun]
        context = {
            "records": records,
            "paging": paging_of(request, found["pagination"], len(records)),
            "given": {"reason": "", "until": "", **given},
            "problems": problems or {},
            "frameworks": (await backend.get("/v1/frameworks"))["frameworks"],
        }
        return render(request, self.template, context, person=person_of(request), status=status)

    def _api(self, request: Request) -> str:
        return f"/v1/{self.noun}/{quote(request.path_params['record_id'], safe='')}"

    def _to(self, record_id: str, notice: str) -> Response:
        path = f"/{self.noun}/{quote(record_id, safe='')}"
        return RedirectResponse(f"{path}?{urlencode({'notice': notice})}", status_code=303)


def _end_of(day: str) -> str:
    """The last second of a day from a date field, which the API reads as the end of the day."""
    return f"{day}T23:59:59Z" if day else ""
