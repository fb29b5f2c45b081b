"""One report: progress, figures, files with digests, links, sharing, deliveries and who read it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.file_responses import send_inline, send_through
from policycortex_console.forms import backend_of, lines, person_of, post, text
from policycortex_console.pages.overview import CAUSE_WORDS
from policycortex_console.rendering import render
from policycortex_console.uploads import reasons_of

_OPEN: Final = ("pending", "running")
_HOUR: Final = 3600
LIFETIMES: Final = ((_HOUR, "1 hour"), (24 * _HOUR, "1 day"), (7 * 24 * _HOUR, "7 days"))
_COMPARED: Final = 10
_MOST_CHANGES: Final = 100


async def show_report(request: Request) -> Response:
    """The screen."""
    return await _page(request)


async def show_progress(request: Request) -> Response:
    """The part of the screen that shows the progress. Once the report has ended, the whole page is loaded anew."""
    report = await backend_of(request).get(_api(request))
    if report["status"] not in _OPEN:
        return Response(status_code=200, headers={"HX-Refresh": "true"})
    return render(request, "report_progress.html", {"report": report}, person=person_of(request))


async def make_link(request: Request, form: FormData) -> Response:
    """Make a download link and show it, once: the API does not tell it again."""
    given = text(form, "expires_in")
    body = {
        "format": text(form, "format"),
        "expires_in": int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else given or _HOUR,
        "one_time": bool(text(form, "one_time")),
    }
    try:
        made = await backend_of(request).post(f"{_api(request)}/download-link", body)
    except ApiRefusalError as refusal:
        return await _refused(request, refusal)
    return await _page(request, made_link=made)


async def set_sharing(request: Request, form: FormData) -> Response:
    """Who may see the report, and whether links are allowed."""
    body = {
        "visibility": text(form, "visibility"),
        "keys": lines(form, "keys"),
        "links_allowed": bool(text(form, "links_allowed")),
    }
    try:
        await backend_of(request).put(f"{_api(request)}/sharing", body)
    except ApiRefusalError as refusal:
        return await _refused(request, refusal)
    return _back(request, "The sharing was saved.")


async def deliver(request: Request, form: FormData) -> Response:
    """Send the report to mail addresses."""
    email = {"recipients": lines(form, "recipients")}
    body = {"report_id": request.path_params["report_id"], "delivery": {"email": email}}
    try:
        await backend_of(request).post("/v1/deliveries", body)
    except ApiRefusalError as refusal:
        return await _refused(request, refusal)
    return _back(request, "The report will be sent.")


async def cancel(request: Request, _form: FormData) -> Response:
    """Cancel an open report."""
    await backend_of(request).post(f"{_api(request)}/cancel")
    return _back(request, "The report was cancelled.")


async def delete(request: Request, _form: FormData) -> Response:
    """Delete the report with its files."""
    await backend_of(request).delete(_api(request))
    return RedirectResponse(f"/reports?{urlencode({'notice': 'The report was deleted.'})}", status_code=303)


async def download(request: Request) -> Response:
    """A file of the report: a format, ``manifest``, ``manifest.p7s``, ``certificate`` or ``bundle``."""
    return send_through(request, f"{_api(request)}/download/{quote(request.path_params['name'], safe='')}")


async def read_inline(request: Request) -> Response:
    """The HTML file for the frame on the page. It may run its own script, and reaches nothing of the console."""
    return send_inline(request, f"{_api(request)}/download/html")


async def show_comparison(request: Request) -> Response:
    """What changed from another report to this one."""
    backend, earlier = backend_of(request), f"/v1/reports/{quote(request.query_params.get('with', ''), safe='')}"
    id_ = quote(request.path_params["report_id"], safe="")
    compared = await backend.get(f"{earlier}/compare/{id_}", limit=_MOST_CHANGES)
    context = {"report": await backend.get(_api(request)), "before": await backend.get(earlier), "compared": compared}
    end = datetime.fromisoformat(context["report"]["period"]["end"]) - timedelta(seconds=1)
    context |= {"causes": CAUSE_WORDS, "last_day": str(end.astimezone(UTC).date())}
    return render(request, "comparison.html", context, person=person_of(request))


async def _refused(request: Request, refusal: ApiRefusalError) -> Response:
    """The page again, with why the API refused what was given. Raises the refusal for other reasons."""
    if refusal.status not in {400, 409}:
        raise refusal
    return await _page(request, problem=reasons_of(refusal), status=refusal.status)


async def _page(
    request: Request, *, made_link: Mapping[str, Any] | None = None, problem: str = "", status: int = 200
) -> Response:
    backend, person = backend_of(request), person_of(request)
    report = await backend.get(_api(request))
    is_done = report["status"] == "completed"
    is_wanted = is_done and request.method == "GET" and bool(request.query_params.get("verify"))
    checked, refused = await _verification(request) if is_wanted else (None, "")
    others = await backend.get("/v1/reports", type=report["type"], framework=report["framework"], limit=_COMPARED)
    deliveries = await backend.find("/v1/deliveries", report_id=report["id"], limit=100)
    context = {
        "report": report,
        "is_open": report["status"] in _OPEN,
        "sharing": await backend.find(f"{_api(request)}/sharing") if is_done else None,
        "accesses": await backend.find(f"{_api(request)}/access-log", limit=20) if is_done else None,
        "deliveries": (deliveries or {}).get("deliveries", []),
        "others": [each for each in others["reports"] if each["id"] != report["id"] and each["generated_at"]],
        "has_html": any(each["format"] == "html" for each in report["formats"]),
        "lifetimes": LIFETIMES,
        "made_link": made_link,
        "problem": problem or refused,
        "checked": checked,
    }
    return render(request, "report.html", context, person=person, status=status)


async def _verification(request: Request) -> tuple[Mapping[str, Any] | None, str]:
    """What the check of the stored files found, or why there is none."""
    try:
        return await backend_of(request).get(f"{_api(request)}/verification"), ""
    except ApiRefusalError as refusal:
        if refusal.status not in {404, 409}:
            raise
        return None, f"The files cannot be verified: {refusal}"


def _api(request: Request) -> str:
    return f"/v1/reports/{quote(request.path_params['report_id'], safe='')}"


def _back(request: Request, notice: str) -> Response:
    path = f"/reports/{quote(request.path_params['report_id'], safe='')}"
    return RedirectResponse(f"{path}?{urlencode({'notice': notice})}", status_code=303)


_AT: Final = "/reports/{report_id}"
ROUTES: Final = (
    Route(_AT, show_report, methods=["GET"]),
    Route(f"{_AT}/progress", show_progress, methods=["GET"]),
    Route(f"{_AT}/read", read_inline, methods=["GET"]),
    Route(f"{_AT}/compare", show_comparison, methods=["GET"]),
    Route(f"{_AT}/files/{{name}}", download, methods=["GET", "HEAD"]),
    post(f"{_AT}/link", make_link),
    post(f"{_AT}/sharing", set_sharing),
    post(f"{_AT}/deliver", deliver),
    post(f"{_AT}/cancel", cancel),
    post(f"{_AT}/delete", delete),
)
