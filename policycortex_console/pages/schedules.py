"""Schedules: what is sent when and to whom, in the schedule's own zone."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, lines, person_of, post, text
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render
from policycortex_console.uploads import reasons_of

_NEWEST: Final = 10
_FIELDS: Final = ("template", "name", "framework", "cron", "timezone", "recipients")


async def show_schedules(request: Request) -> Response:
    """The list, and the templates from which a schedule is made."""
    return await _list(request, given=dict.fromkeys(_FIELDS, ""), problems={}, status=200)


async def create_schedule(request: Request, form: FormData) -> Response:
    """A schedule from a template: name, times and recipients are the person's."""
    backend = backend_of(request)
    given = {name: text(form, name) for name in _FIELDS}
    templates = (await backend.get("/v1/reports/schedules/templates"))["templates"]
    chosen: dict[str, Any] = next((each for each in templates if each["id"] == given["template"]), {})
    body: dict[str, Any] = {
        name: chosen[name] for name in ("name", "description", "schedule", "report_template") if name in chosen
    }
    body["name"] = given["name"] or body.get("name", "")
    timing = {"cron": given["cron"], "timezone": given["timezone"]}
    body["schedule"] = {**body.get("schedule", {}), **{name: value for name, value in timing.items() if value}}
    if given["framework"]:
        body["report_template"] = {**body.get("report_template", {}), "framework": given["framework"]}
    body["delivery"] = {"email": {"recipients": lines(form, "recipients")}}
    try:
        made = await backend.post("/v1/reports/schedules", body)
    except ApiRefusalError as refusal:
        if refusal.status not in {400, 409}:
            raise
        return await _list(request, given=given, problems=refusal.problems() or {"": str(refusal)}, status=400)
    return RedirectResponse(f"/schedules/{made['id']}", status_code=303)


async def show_schedule(request: Request) -> Response:
    """One schedule: next runs, past runs and deliveries."""
    return await _one(request)


async def set_enabled(request: Request, form: FormData) -> Response:
    """Pause or resume it."""
    is_enabled = text(form, "enabled") == "true"
    await backend_of(request).patch(_api(request), {"enabled": is_enabled})
    return _back(request, "The schedule is active." if is_enabled else "The schedule is paused.")


async def run_now(request: Request, _form: FormData) -> Response:
    """Run it once, now, with its deliveries."""
    await backend_of(request).post(f"{_api(request)}/run")
    return _back(request, "A run was started.")


async def send_test(request: Request, form: FormData) -> Response:
    """Send what it would send now to one address alone."""
    body = {"delivery": {"email": {"recipients": lines(form, "recipients")}}}
    try:
        await backend_of(request).post(f"{_api(request)}/test", body)
    except ApiRefusalError as refusal:
        if refusal.status not in {400, 409}:
            raise
        return await _one(request, problem=reasons_of(refusal), status=refusal.status)
    return _back(request, "A test will be sent to this address alone.")


async def delete_schedule(request: Request, _form: FormData) -> Response:
    """Delete it; deliveries that wait are cancelled."""
    await backend_of(request).delete(_api(request))
    return RedirectResponse(f"/schedules?{urlencode({'notice': 'The schedule was deleted.'})}", status_code=303)


async def _one(request: Request, *, problem: str = "", status: int = 200) -> Response:
    backend = backend_of(request)
    schedule = await backend.get(_api(request))
    runs = await backend.get(f"{_api(request)}/runs", limit=PAGE_SIZE, offset=offset_of(request))
    deliveries = await backend.get("/v1/deliveries", schedule_id=schedule["id"], limit=_NEWEST)
    zone = ZoneInfo(schedule["schedule"]["timezone"])
    context = {
        "schedule": schedule,
        "runs": [(each, datetime.fromisoformat(each["scheduled_for"]).astimezone(zone)) for each in runs["runs"]],
        "paging": paging_of(request, runs["pagination"], len(runs["runs"])),
        "deliveries": deliveries["deliveries"],
        "problem": problem,
    }
    return render(request, "schedule.html", context, person=person_of(request), status=status)


async def _list(request: Request, *, given: dict[str, str], problems: dict[str, str], status: int) -> Response:
    backend = backend_of(request)
    page = await backend.get("/v1/reports/schedules", limit=PAGE_SIZE, offset=offset_of(request))
    context = {
        "schedules": page["schedules"],
        "paging": paging_of(request, page["pagination"], len(page["schedules"])),
        "templates": (await backend.get("/v1/reports/schedules/templates"))["templates"],
        "frameworks": (await backend.get("/v1/frameworks"))["frameworks"],
        "given": given,
        "problems": problems,
    }
    return render(request, "schedules.html", context, person=person_of(request), status=status)


def _api(request: Request) -> str:
    return f"/v1/reports/schedules/{quote(request.path_params['schedule_id'], safe='')}"


def _back(request: Request, notice: str) -> Response:
    path = f"/schedules/{quote(request.path_params['schedule_id'], safe='')}"
    return RedirectResponse(f"{path}?{urlencode({'notice': notice})}", status_code=303)


_AT: Final = "/schedules/{schedule_id}"
ROUTES: Final = (
    Route("/schedules", show_schedules, methods=["GET"]),
    post("/schedules", create_schedule),
    Route(_AT, show_schedule, methods=["GET"]),
    post(f"{_AT}/enabled", set_enabled),
    post(f"{_AT}/run", run_now),
    post(f"{_AT}/test", send_test),
    post(f"{_AT}/delete", delete_schedule),
)
