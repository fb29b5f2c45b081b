"""All pages and forms of the console, from its router: a new screen is tested without being named anywhere.

A route whose path has a parameter without a value here fails the tests: add the value to ``fill_organization``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx
from msgspec import structs
from starlette.routing import Route

from policycortex.findings.model import Finding
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.posture import rebuild_days, score_days
from policycortex.workflow.reports import produce_report
from policycortex_console.app import SCREENS
from tests.support.api_server import ApiServer
from tests.support.samples.lake import finding, import_findings

NOT_PAGES: Final = {
    "/static/{name}": "a file",
    "/reports/{report_id}/files/{name}": "a file",
    "/attestations/{record_id}/evidence/{sha256}": "a file",
    "/reports/{report_id}/read": "the report's own HTML, in a frame",
    "/reports/{report_id}/progress": "a part of a page",
    "/sign-in": "for people who are not signed in; others are sent on",
    "/sign-in/open-id": "sends people to the identity provider",
    "/sign-in/callback": "the identity provider sends people here",
}
"""GET routes that are no page for a person who is signed in, with the reason."""
QUERIES: Final[Mapping[str, tuple[str, ...]]] = {
    "/controls/{framework_id}/requirement": ("?id=CC6.1",),
    "/reports/{report_id}/compare": ("?with={other_id}",),
    "/reports/{report_id}": ("", "?verify=1"),
    "/findings": ("", "?status=FAIL&severity=high"),
    "/reports": ("", "?q=nothing-has-this-name"),
}
"""Queries with which a page is opened; by default without one."""
BESIDE: Final = (
    "/reports/{open_id}",
    "/reports/rpt_none",
    "/waivers?notice=It+was+approved.",
    "/controls/{own_framework_id}",
    "/controls/{own_framework_id}/requirement?id=B1",
)
"""Pages in another state: an open report, an error, a notice, a framework of the organisation's own."""
FRAMEWORK: Final = "soc2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An organisation that has one of everything."""

    organization: str
    ids: Mapping[str, str]
    """Values for the parameters of paths, and ``other_id`` and ``open_id`` for further reports."""

    def address(self, path: str) -> str:
        """The path of a route with this organisation's values."""
        known = {**self.ids, "record_id": self.ids["attestation_id" if "attestations" in path else "waiver_id"]}
        missing = set(re.findall(r"{(\w+)}", path)) - set(known)
        assert not missing, f"{path}: fill_organization of tests/console/screens.py has no value for {missing}"
        return path.format(**known)

    def pages(self) -> tuple[str, ...]:
        """Addresses of all pages, in all states."""
        found = [f"{path}{query}" for path in page_paths() for query in QUERIES.get(path, ("",))]
        return tuple(self.address(each) for each in (*found, *BESIDE))


def routes_of(method: str) -> Iterator[Route]:
    """The console's routes for this method."""
    for screen in SCREENS:
        for route in screen.ROUTES:
            if isinstance(route, Route) and method in (route.methods or ()):
                yield route


def page_paths() -> tuple[str, ...]:
    """Paths of all pages for people who are signed in."""
    return tuple(route.path for route in routes_of("GET") if route.path not in NOT_PAGES)


def form_paths() -> tuple[str, ...]:
    """Paths of all forms for people who are signed in."""
    return tuple(route.path for route in routes_of("POST") if route.path != "/sign-in")


def fill_organization(server: ApiServer, organization: str, *, mark: str = "") -> Filled:
    """Everything that screens show, with ``mark`` in front of every text that somebody outside can choose."""
    now = server.clock()
    mine = replace(server, organization=organization, clients=[])
    admin = mine.client(scopes=["admin"])
    until = f"{now.date() + timedelta(days=90)}T00:00:00Z"
    _import_days(mine, mark)
    _add_milestone(mine, mark)
    other_id, report_id = (_report(mine, admin, f"{mark}Report of {n} days", n) for n in (2, 1))
    open_id = _made(admin.post("/v1/reports", json=_order(f"{mark}Open report", now.date(), 1)))
    schedule_id = _made(admin.post("/v1/reports/schedules", json=_schedule(mark)))
    run = admin.post(f"/v1/reports/schedules/{schedule_id}/run").json()
    (delivery,) = admin.get("/v1/deliveries", params={"report_id": run["report_id"]}).json()["deliveries"]
    why = {"reason": f"{mark}Accepted by the board", "until": until, "role": f"{mark}Head of security"}
    waiver_id = _made(admin.post("/v1/waivers", json={"scope": {"check": f"{mark}check"}, **why}))
    stated = {"framework": FRAMEWORK, "requirements": ["P1.1"], "accounts": [f"{mark}account"]}
    attested = {"statement": "not_applicable", "scope": stated, **why}
    attestation_id = _made(admin.post("/v1/attestations", json=attested))
    file = admin.post(
        f"/v1/attestations/{attestation_id}/evidence",
        params={"name": f"{mark}policy.txt"},
        content=organization.encode(),
    ).json()
    grant = {
        "name": f"{mark}Grace Hopper",
        "note": f"{mark}Fieldwork",
        "frameworks": [FRAMEWORK],
        "start": f"{now.date() - timedelta(days=10)}T00:00:00Z",
        "end": f"{now.date() - timedelta(days=1)}T23:59:59Z",
        "expires_at": until,
    }
    framework = {
        "id": f"own-{organization}",
        "name": f"{mark}Own rules",
        "version": "1",
        "requirements": [{"id": "B1", "title": f"{mark}Storage", "description": mark, "section": f"{mark}Data"}],
        "crosswalk": {"checks": {"aws": {"s3_bucket_public_access": ["B1"]}}},
    }
    imported = admin.post("/v1/imports", params={"name": f"{mark}scan.json"}, content=b"[]")
    ids = {
        "report_id": report_id,
        "other_id": other_id,
        "open_id": open_id,
        "schedule_id": schedule_id,
        "delivery_id": delivery["id"],
        "waiver_id": waiver_id,
        "attestation_id": attestation_id,
        "sha256": file["evidence"][0]["sha256"],
        "evidence_request_id": _made(admin.post("/v1/evidence-requests", json=_evidence_request(mark))),
        "grant_id": _made(admin.post("/v1/grants", json=grant)),
        "import_id": _made(imported),
        "key_id": _made(admin.post("/v1/keys", json={"name": f"{mark}Pipeline", "scopes": ["reports:read"]})),
        "connection_name": "no-such-connection",
        "framework_id": FRAMEWORK,
        "own_framework_id": _made(admin.post("/v1/frameworks", json=framework)),
        "name": "manifest",
    }
    admin.close()
    return Filled(organization=organization, ids=ids)


def _evidence_request(mark: str) -> dict[str, str]:
    text, role = f"{mark}Show the review", f"{mark}Auditor"
    return {"framework": FRAMEWORK, "requirement": "P1.1", "text": text, "role": role}


def _made(answer: httpx.Response) -> str:
    assert answer.status_code in {201, 202}, answer.text
    return str(answer.json()["id"])


def _import_days(server: ApiServer, mark: str) -> None:
    """Two days of four findings, one of which is mended between them."""
    today = server.clock().date()
    days = [today - timedelta(days=2), today - timedelta(days=1)]
    with open_lake(server.settings) as lake:
        for number, day in enumerate(days):
            found = [_finding(day, f"r{r}", "PASS" if r <= number else "FAIL", mark) for r in range(4)]
            import_findings(lake, found, organization=server.organization)
    rebuild_days(server.settings, days)
    score_days(server.settings, days)
    rebuild_analytics(server.settings, days)


def _add_milestone(server: ApiServer, mark: str) -> None:
    now = server.clock()
    server.registry.milestones.add_milestone(
        server.organization, number=1, framework=FRAMEWORK, requirement="CC6.1", text=f"{mark}The policy is reviewed",
        due_on=now.date(), by="key_1", name=f"{mark}Ada Lovelace", role=f"{mark}System owner", now=now,
    )  # fmt: skip


def _finding(day: date, resource: str, status: str, mark: str) -> Finding:
    """With the scanner's own words."""
    found = finding(day, f"{mark}storage_is_private", f"{mark}{resource}", status, relations='{"SOC2":["cc_6_1"]}')
    return structs.replace(
        found,
        title=f"{mark}Storage is private",
        description=f"{mark}Buckets of customers must not be public.",
        status_detail=f"{mark}Bucket {resource} is public.",
        remediation=f"{mark}Block public access.",
        account_name=f"{mark}Payments",
    )


def _order(name: str, today: date, before: int) -> dict[str, Any]:
    """A report on one day."""
    day = today - timedelta(days=before)
    return {
        "name": name,
        "type": "compliance",
        "framework": FRAMEWORK,
        "scope": {"date_range": {"start": f"{day}T00:00:00Z", "end": f"{day}T23:59:59Z"}},
        "format_options": {"formats": ["html", "json"]},
    }


def _report(server: ApiServer, admin: httpx.Client, name: str, before: int) -> str:
    """A report that is made as a run makes it, with its files and proofs."""
    report_id = _made(admin.post("/v1/reports", json=_order(name, server.clock().date(), before)))
    produce_report(server.settings, report_id, run_id="run", now=datetime.now(UTC))
    return report_id


def _schedule(mark: str) -> dict[str, Any]:
    return {
        "name": f"{mark}Weekly report",
        "description": f"{mark}For the board",
        "schedule": {"cron": "0 9 * * 1", "timezone": "Europe/Berlin"},
        "report_template": {"type": "compliance", "framework": FRAMEWORK, "name": f"{mark}Weekly"},
        "delivery": {"email": {"recipients": ["ceo@company.com"], "subject": f"{mark}Report"}},
    }


def dump_state(admin: httpx.Client) -> str:
    """Everything that forms can change, as the API lists it."""
    lists = (
        "reports", "reports/schedules", "deliveries", "waivers", "attestations", "grants", "imports",
        "evidence-requests", "milestones",
    )  # fmt: skip
    answers = [admin.get(f"/v1/{each}", params={"limit": 100}) for each in lists] + [admin.get("/v1/frameworks")]
    assert {each.status_code for each in answers} == {200}
    return json.dumps([each.json() for each in answers])
