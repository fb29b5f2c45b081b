"""Sample findings of a fictional company: OCSF as Prowler writes it, one file per account and scan.

Deterministic: the same arguments write the same bytes. A resource keeps its state from scan to scan: failing checks are
fixed after some days and some fail again, so that trends look realistic. Written as a stream, in constant memory.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Final

import yaml

from policycortex.period import Period

CLOUDS: Final = ("aws", "azure", "gcp")
_CHECKS_FILE: Final = Path(__file__).parent / "data" / "sample_checks.yaml"
_SCANNER_VERSION: Final = "5.46.0"
_STAGES: Final = ("prod", "staging", "dev")
_TEAMS: Final = ("web", "payments", "data", "platform")
_SEVERITY_IDS: Final = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_REGIONS: Final = {
    "aws": ("eu-west-1", "us-east-1"),
    "azure": ("westeurope", "eastus"),
    "gcp": ("europe-west1", "us-central1"),
}
_ACCOUNT_TYPES: Final = {"aws": ("AWS Account", 10), "azure": ("Azure AD Account", 6), "gcp": ("GCP Account", 5)}
_PLACEHOLDER: Final = re.compile(r'"@@(\w+)@@"')
_EXPOSED: Final = re.compile("public|internet")
"""In ids of checks about something publicly reachable."""
_FIX_DAYS: Final = 110
"""Mean days until a check that failed at the start is fixed."""
_FAILS_AGAIN: Final = 0.25
_BREAKS: Final = 0.20
_MUTED_SHARE: Final = 0.06
_LATE_OR_REMOVED_SHARE: Final = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCheck:
    """One check of ``data/sample_checks.yaml``."""

    id: str
    service: str
    severity: str
    type: str
    kind: str
    """Kind of the checked resource; ``account`` means one resource per account."""
    failing: float
    """Share of resources that fail at the start, 0-1."""
    title: str
    remediation: str
    compliance: dict[str, list[str]]
    manual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    cloud: str
    uid: str
    name: str
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """One check on one resource, over all scans. ``chances`` are four fixed numbers in [0, 1)."""

    check: SampleCheck
    account: _Account
    name: str
    region: str
    uid: str
    chances: tuple[float, float, float, float]


def write_samples(
    folder: Path,
    *,
    period: Period,
    every_days: int = 7,
    findings_per_scan: int = 400,
    clouds: Sequence[str] = CLOUDS,
    accounts_per_cloud: int = 1,
    seed: int = 1,
    bad_records: int = 12,
) -> tuple[Path, ...]:
    """Write the scans of a period into ``folder``; returns the files, by time, then account.

    Each file has ``findings_per_scan`` good findings. ``bad_records`` damaged records of several kinds
    are added to them, spread over the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    accounts = [_account(cloud, number, seed) for cloud in clouds for number in range(accounts_per_cloud)]
    moments = _scan_times(period, every_days)
    scans = [(moment, account) for moment in moments for account in accounts]
    files = []
    for number, (moment, account) in enumerate(scans):
        day = (moment.date() - period.start.date()).days
        bad = range(number, bad_records, len(scans))
        records = _records(account, moment, day=day, wanted=findings_per_scan, seed=seed, bad=bad)
        files.append(_write_array(folder / f"prowler-output-{account.uid}-{moment:%Y%m%d%H%M%S}.ocsf.json", records))
    return tuple(files)


@cache
def load_sample_checks() -> dict[str, tuple[SampleCheck, ...]]:
    """Checks by cloud."""
    table = yaml.safe_load(_CHECKS_FILE.read_text(encoding="utf-8"))
    return {cloud: tuple(SampleCheck(**check) for check in checks) for cloud, checks in table.items()}


def _scan_times(period: Period, every_days: int) -> list[datetime]:
    first = period.start.replace(hour=3, minute=17, second=5, microsecond=0)
    times = (first + timedelta(days=days) for days in count(0, every_days))
    return list(takewhile(lambda moment: moment < period.end, times))


def _write_array(path: Path, records: Iterator[str]) -> Path:
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("w", encoding="utf-8", newline="\n") as file:
        for number, record in enumerate(records):
            file.write("," if number else "[")
            file.write(record)
        file.write("]")
    return unfinished.replace(path)


def _records(account: _Account, moment: datetime, *, day: int, wanted: int, seed: int, bad: range) -> Iterator[str]:
    templates = {check.id: _template(check, account, moment) for check in load_sample_checks()[account.cloud]}
    places = {(number + 1) * wanted // (len(bad) + 1): kind for number, kind in enumerate(bad)}
    for number, slot in zip(range(wanted), _existing_slots(account, day, seed), strict=False):
        record = "".join(_filled(templates[slot.check.id], slot, day))
        yield record
        if number in places:
            yield _damage(record, places[number])


def _existing_slots(account: _Account, day: int, seed: int) -> Iterator[_Slot]:
    for number in count():
        for check in load_sample_checks()[account.cloud]:
            if number and check.kind == "account":
                continue
            slot = _slot(check, account, number, seed)
            if check.kind == "account" or _exists(slot, day):
                yield slot


def _slot(check: SampleCheck, account: _Account, number: int, seed: int) -> _Slot:
    regions = _REGIONS[account.cloud]
    region = regions[number % 3 % len(regions)]
    # Two security groups of the same name: their findings share a uid, as they do in real scans.
    shown = number - 1 if check.kind == "security-group" and number % 7 == 6 else number
    name = account.uid if check.kind == "account" else f"{account.stage}-{check.kind}-{shown:02d}"
    unique = account.uid if check.kind == "account" else f"{account.stage}-{check.kind}-{number:02d}"
    uid = {
        "aws": f"arn:aws:{check.service}:{region}:{account.uid}:{check.kind}/{unique}",
        "azure": f"/subscriptions/{account.uid}/resourceGroups/shop/providers/{check.type}/{unique}",
        "gcp": f"//{check.type.split('/', maxsplit=1)[0]}/projects/{account.uid}/{check.kind}s/{unique}",
    }[account.cloud]
    return _Slot(
        check=check, account=account, name=name, region=region, uid=uid, chances=_chances(f"{seed}|{check.id}|{uid}")
    )


def _chances(text: str) -> tuple[float, float, float, float]:
    digest = blake2b(text.encode(), digest_size=8).digest()
    first, second, third, fourth = (int.from_bytes(digest[at : at + 2]) / 65536 for at in (0, 2, 4, 6))
    return first, second, third, fourth


def _exists(slot: _Slot, day: int) -> bool:
    """Some resources are created later, some are removed."""
    chance, when = slot.chances[3], int(slot.chances[1] * 90)
    if chance < _LATE_OR_REMOVED_SHARE:
        return day >= when
    return not (chance < 2 * _LATE_OR_REMOVED_SHARE and day >= when)


def _is_failing(slot: _Slot, day: int) -> bool:
    first, second, third, fourth = slot.chances
    if first < slot.check.failing:
        fixed_on = int(-math.log(1 - second) * _FIX_DAYS)
        return day < fixed_on or (third < _FAILS_AGAIN and day >= fixed_on + 10 + int(fourth * 30))
    if third < _BREAKS * slot.check.failing * 4:
        broken_on = int(second * 120)
        return broken_on <= day < broken_on + 7 + int(fourth * 40)
    return False


def _template(check: SampleCheck, account: _Account, moment: datetime) -> list[str]:
    """The record's text split at its placeholders: text, name of a placeholder, text..."""
    text = json.dumps(_record(check, account, moment), indent=4, ensure_ascii=False)
    return _PLACEHOLDER.split(text)


def _filled(template: list[str], slot: _Slot, day: int) -> Iterator[str]:
    status = "MANUAL" if slot.check.manual else "FAIL" if _is_failing(slot, day) else "PASS"
    is_muted = slot.account.stage != "prod" and slot.chances[2] > 1 - _MUTED_SHARE
    verdict = {"PASS": "meets the check", "FAIL": "does not meet the check", "MANUAL": "must be judged by a person"}
    values: dict[str, Any] = {
        "detail": f"{slot.check.kind.replace('-', ' ').capitalize()} {slot.name} {verdict[status]}.",
        "status": "Suppressed" if is_muted else "New",
        "status_id": 3 if is_muted else 1,
        "status_code": status,
        "finding_uid": f"prowler-{slot.account.cloud}-{slot.check.id}-{slot.account.uid}-{slot.region}-{slot.name}",
        "region": slot.region,
        "labels": _labels(slot),
        "name": slot.name,
        "uid": slot.uid,
    }
    for number, part in enumerate(template):
        yield json.dumps(values[part], ensure_ascii=False) if number % 2 else part


def _labels(slot: _Slot) -> list[str]:
    if slot.check.kind == "account" or slot.chances[0] > 0.9:
        return []
    key = {"aws": "Environment", "azure": "env", "gcp": "environment"}[slot.account.cloud]
    return [f"{key}:{slot.account.stage}", f"Owner:{_TEAMS[int(slot.chances[3] * len(_TEAMS))]}"]


def _account(cloud: str, number: int, seed: int) -> _Account:
    digest = blake2b(f"{seed}|{cloud}|{number}".encode(), digest_size=16).hexdigest()
    stage = _STAGES[number % len(_STAGES)]
    uid = {
        "aws": f"{int(digest[:12], 16) % 10**12:012d}",
        "azure": "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:])),
        "gcp": f"shop-{stage}-{digest[:6]}",
    }[cloud]
    return _Account(cloud=cloud, uid=uid, name=f"shop-{stage}-{number}", stage=stage)


def _record(check: SampleCheck, account: _Account, moment: datetime) -> dict[str, Any]:
    """One record as Prowler writes it, with placeholders for the fields that differ between resources."""
    return {
        "message": "@@detail@@",
        "metadata": {
            "event_code": check.id,
            "product": {"name": "Prowler", "uid": "prowler", "vendor_name": "Prowler", "version": _SCANNER_VERSION},
            "profiles": ["cloud", "datetime"],
            "tenant_uid": "",
            "version": "1.5.0",
        },
        "severity_id": _SEVERITY_IDS[check.severity],
        "severity": check.severity.capitalize(),
        "status": "@@status@@",
        "status_code": "@@status_code@@",
        "status_detail": "@@detail@@",
        "status_id": "@@status_id@@",
        "unmapped": _unmapped(check, account, moment),
        "activity_name": "Create",
        "activity_id": 1,
        "finding_info": _finding_info(check, moment),
        "resources": [_resource(check, account)],
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Detection Finding",
        "class_uid": 2004,
        "cloud": _cloud(account),
        "remediation": {"desc": check.remediation, "references": [f"https://hub.prowler.com/check/{check.id}"]},
        "risk_details": f"Where this fails, the {check.kind.replace('-', ' ')} is easier to misuse or to lose.",
        "time": int(moment.timestamp()),
        "time_dt": _local_time(moment),
        "type_uid": 200401,
        "type_name": "Detection Finding: Create",
    }


def _unmapped(check: SampleCheck, account: _Account, moment: datetime) -> dict[str, Any]:
    scan_id = blake2b(f"{account.uid}|{_local_time(moment)}".encode(), digest_size=16).hexdigest()
    return {
        "related_url": "",
        "categories": ["internet-exposed"] if _EXPOSED.search(check.id) else [],
        "depends_on": [],
        "related_to": [],
        "additional_urls": [],
        "notes": "",
        "compliance": check.compliance,
        "scan_id": scan_id,
        "provider_uid": account.uid,
        "provider": account.cloud,
    }


def _finding_info(check: SampleCheck, moment: datetime) -> dict[str, Any]:
    return {
        "analytic": {"category": check.service, "name": check.title, "type": "Rule", "type_id": 1, "uid": check.id},
        "created_time": int(moment.timestamp()),
        "created_time_dt": _local_time(moment),
        "desc": f"Looks at each {check.kind.replace('-', ' ')}: {check.title[:1].lower()}{check.title[1:]}.",
        "title": check.title,
        "types": [],
        "uid": "@@finding_uid@@",
    }


def _resource(check: SampleCheck, account: _Account) -> dict[str, Any]:
    return {
        "cloud_partition": account.cloud,
        "region": "@@region@@",
        "data": {"details": "", "metadata": {}},
        "group": {"name": check.service},
        "labels": "@@labels@@",
        "name": "@@name@@",
        "type": check.type,
        "uid": "@@uid@@",
    }


def _cloud(account: _Account) -> dict[str, Any]:
    account_type, account_type_id = _ACCOUNT_TYPES[account.cloud]
    return {
        "account": {
            "name": account.name,
            "type": account_type,
            "type_id": account_type_id,
            "uid": account.uid,
            "labels": [],
        },
        "org": {"name": "", "ou_uid": "", "ou_name": "", "uid": ""},
        "provider": account.cloud,
        "region": "@@region@@",
    }


def _local_time(moment: datetime) -> str:
    """Without offset, as Prowler writes it."""
    return moment.replace(tzinfo=None).isoformat()


def _damage(record: str, kind: int) -> str:
    """The record, damaged in one of several ways seen in real files."""
    match kind % 6:
        case 0:
            return record[: len(record) * 2 // 3]
        case 1:
            return record.replace('"severity_id": ', '"severity_id": NaN, "was": ', 1)
        case 2:
            return record.replace('"status_code": "', '"status_code": "NOT_', 1)
        case 3:
            return record.replace('"finding_info": {', '"finding": {', 1)
        case 4:
            return record.replace('"status_id"', '"status_code"', 1)
        case _:
            return record.replace('"message": "', '"message": "\x01', 1)
