"""What the pictures of the console show beside the demo's findings and reports: made over the API by another person."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry

FRAMEWORK: Final = "soc2"
REQUIREMENT: Final = "CC6.1"
_REASON: Final = "The bucket serves the public website. Reviewed by the security board."
_LONG_RESOURCE: Final = "arn:aws:s3:::example-corporation-public-website-assets-production-eu-central-1/*"
_LONG_NAME: Final = "Nightly import of the scans of all accounts of the payments and settlement platform"


IDS: Final = frozenset({
    "report_id", "other_id", "open_id", "schedule_id", "delivery_id", "grant_id", "import_id", "framework_id",
    "waiver_id", "attestation_id", "sha256", "evidence_request_id",
})  # fmt: skip
"""What ``fill`` gives for the parameters of paths; ``other_id`` and ``open_id`` are further reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What pictures need to open pages."""

    ids: Mapping[str, str]
    """By the names of ``IDS``."""
    auditor_secret: str
    """Signs the auditor of the grant in."""
    link: str
    """Path of a download link that works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes records over the API; ends the program where one is refused."""

    client: httpx.Client

    def make(self, path: str, body: Mapping[str, Any], **parameters: str) -> Mapping[str, Any]:
        """The record that a POST of this body makes."""
        return self._read(self.client.post(f"/v1/{path}", json=body, params=parameters))

    def upload(self, path: str, name: str, content: bytes) -> Mapping[str, Any]:
        """The record that a POST of this file makes."""
        return self._read(self.client.post(f"/v1/{path}", params={"name": name}, content=content))

    def _read(self, answer: httpx.Response) -> Mapping[str, Any]:
        if not answer.is_success:
            raise SystemExit(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
        record: Mapping[str, Any] = answer.json()
        return record


def new_key(settings: Settings, name: str, *, organization: str = "default", scope: str = "admin") -> str:
    """The secret of a fresh key."""
    with closing(open_registry(settings)) as registry:
        return registry.keys.create_key(organization=organization, name=name, scopes=(scope,), now=datetime.now(UTC))[1]


def fill(settings: Settings, url: str) -> Shown:
    """One of everything; some with long names."""
    headers = {"Authorization": f"Bearer {new_key(settings, 'Grace Hopper')}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=120) as client:
        maker = Maker(client=client)
        reports = client.get("/v1/reports", params={"status": "completed"}).json()["reports"]
        report_id = next((each["id"] for each in reports if each["framework"] == FRAMEWORK), None)
        if report_id is None:
            raise SystemExit("the home has no completed report on SOC 2; make them first: policycortex demo")
        until = f"{datetime.now(UTC).date() + timedelta(days=120)}T00:00:00Z"
        grant = maker.make("grants", _grant(until))
        link = str(maker.make(f"reports/{report_id}/download-link", {"format": "pdf"})["url"])
        recipients = {"email": {"recipients": ["board@example.com"]}}
        delivered = maker.make("deliveries", {"report_id": report_id, "delivery": recipients})
        _add_milestones(maker)
        ids = {
            "report_id": report_id,
            "other_id": next(each["id"] for each in reports if each["id"] != report_id),
            "open_id": maker.make("reports", _order())["id"],
            "schedule_id": _schedule(maker),
            "delivery_id": delivered["deliveries"][0]["id"],
            "grant_id": grant["id"],
            "import_id": maker.upload("imports", "prowler-scan.json", b"[]")["id"],
            "framework_id": FRAMEWORK,
            **_approvals(maker, until),
            "evidence_request_id": _evidence_request(maker),
        }
        maker.make("keys", {"name": _LONG_NAME, "scopes": ["reports:read", "findings:write"]})
    if set(ids) != IDS:
        raise SystemExit(f"IDS is not what is made: {sorted(IDS ^ set(ids))}")
    secret, path = str(grant["link"]).partition("token=")[2], link.removeprefix(url)
    return Shown(ids=ids, auditor_secret=secret, link=path[path.index("/v1/") :])


def _grant(until: str) -> Mapping[str, Any]:
    return {
        "name": "Katherine Johnson, Example Audit LLP",
        "note": "SOC 2 Type II, fieldwork",
        "frameworks": [FRAMEWORK],
        "start": "2026-10-01T00:00:00Z",
        "end": "2026-10-31T23:59:59Z",
        "expires_at": until,
    }


def _order() -> Mapping[str, Any]:
    """A report that stays open, because nothing runs it."""
    scope = {"date_range_type": "last_month", "environments": ["production"]}
    return {"name": "Third quarter for the board", "type": "audit", "framework": FRAMEWORK, "scope": scope}


def _schedule(maker: Maker) -> str:
    made = maker.make(
        "reports/schedules",
        {
            "name": "Weekly compliance for the board",
            "description": "Read in the meeting of the board on Monday",
            "schedule": {"cron": "0 9 * * 1", "timezone": "Europe/Berlin"},
            "report_template": {"type": "compliance", "framework": FRAMEWORK},
            "delivery": {"email": {"recipients": ["board@example.com"]}},
        },
    )
    maker.make(f"reports/schedules/{made['id']}/run", {})
    return str(made["id"])


def _approvals(maker: Maker, until: str) -> Mapping[str, str]:
    why = {"reason": _REASON, "until": until}
    maker.make("waivers", {"scope": {"account": "123456789012", "resource": _LONG_RESOURCE}, **why})
    waiver = maker.make("waivers", {"scope": {"check": "s3_bucket_level_public_access_block"}, **why})
    stated = {"framework": FRAMEWORK, "requirements": ["P1.1", "P2.1"]}
    body = {"statement": "not_applicable", "scope": stated, **why, "reason": "No personal data is kept."}
    attestation = maker.make("attestations", body)
    file = maker.upload(f"attestations/{attestation['id']}/evidence", "minutes-of-the-board.txt", b"x")
    return {
        "waiver_id": str(waiver["id"]),
        "attestation_id": str(attestation["id"]),
        "sha256": str(file["evidence"][0]["sha256"]),
    }


def _evidence_request(maker: Maker) -> str:
    about = {"framework": FRAMEWORK, "requirement": REQUIREMENT, "role": "Lead auditor"}
    maker.make("comments", about | {"text": "The sample of twenty accounts was compared with the list of leavers."})
    requested = maker.make(
        "evidence-requests", about | {"text": "Show the review of access rights of the third quarter, with its date."}
    )
    answer = {"text": "The review was on 28 October. The minutes are attached to the attestation on P1.1."}
    maker.make(f"evidence-requests/{requested['id']}/answers", answer)
    maker.make("evidence-requests", about | {"text": "Show who may change the key policy of the payments account."})
    return str(requested["id"])


def _add_milestones(maker: Maker) -> None:
    """Of the first items of the plan of action."""
    items = [f"POAM-{number:05}/{REQUIREMENT}" for number in (1, 2)]
    steps = (("The bucket policy is reviewed", 30), ("Public access is blocked in all accounts", 60))
    today = datetime.now(UTC).date()
    made = [
        maker.make(
            "milestones",
            {
                "item": item, "framework": FRAMEWORK, "text": text, "due_on": str(today + timedelta(days=days)),
                "role": "System owner",
            },
        )
        for item in items
        for text, days in steps
    ]  # fmt: skip
    maker.make("milestones", {"completes": made[0]["id"], "text": "Reviewed with the owner", "done_on": str(today)})
