"""One row of a Powerpipe or Steampipe control as a finding; the same for JSON and CSV."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from policycortex.findings.model import Finding, ScanNote
from policycortex.findings.normalize import (
    DEFAULT_SEVERITY,
    environment_of,
    relations_text,
    severity_of_word,
    status_word,
    tags_text,
)
from policycortex.findings.providers import KNOWN_PROVIDERS, provider_name
from policycortex.findings.reading.lenient import assumed_value
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.names import FindingStatus, Severity

STATUSES: Final = {
    "ok": (FindingStatus.PASS, False), "alarm": (FindingStatus.FAIL, False), "error": (FindingStatus.MANUAL, False),
    "info": (FindingStatus.MANUAL, False), "skip": (FindingStatus.MANUAL, True),
    "skipped": (FindingStatus.MANUAL, True),
}  # fmt: skip
"""``status``, as ``status_word``, to status and muted.

An error is a check that could not run; a skipped one does not apply."""

ACCOUNT_DIMENSIONS: Final = (
    "account_id", "subscription_id", "project_id", "project", "subscription", "tenancy_id", "tenant_id", "cluster_name",
    "context_name", "compartment_id", "organization", "account", "connection_name",
)  # fmt: skip
"""Names of dimensions that hold the account; the first that has a value counts."""
REGION_DIMENSIONS: Final = ("region", "location", "zone", "namespace")
_PLACES: Final = {*ACCOUNT_DIMENSIONS, *REGION_DIMENSIONS}
"""All other dimensions are tags of the resource: mods add those that their variable ``tag_dimensions`` names."""

_MOD: Final = re.compile(r"\A(?:benchmark\.|control\.)?([a-z0-9]+?)_(?:compliance|well_architected|insights|thrifty)")
_CIS_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)(?:\.0)?")


class Control(NamedTuple):
    """What all rows of a control share; texts are "" where the file gives none."""

    id: str
    title: str
    description: str
    severity: str
    provider: str
    service: str
    relations: str


@lru_cache(maxsize=4096)
def control_provider(control_id: str, plugin: str) -> str:
    """By the tag ``plugin``, else by the mod's name before the control: ``aws`` of ``aws_compliance.control...``."""
    provider = provider_name(plugin) if plugin else ""
    if not provider:
        found = _MOD.match(control_id)
        provider = provider_name(found[1]) if found else ""
    return provider if provider in KNOWN_PROVIDERS else ""


def control_relations(tags: Mapping[str, object]) -> str:
    """The CIS recommendation that a control's tags name, under the framework key that Prowler writes, too."""
    version, item = tags.get("cis_version"), tags.get("cis_item_id")
    found = _CIS_VERSION.fullmatch(version.strip()) if isinstance(version, str) else None
    if found is None or not isinstance(item, str) or not item.strip():
        return "{}"
    return relations_text({f"CIS-{found[1]}.{found[2]}": [item.strip()]})


def build_row(
    control: Control,
    *,
    status: str,
    reason: str,
    resource: str,
    dimensions: Mapping[str, str],
    observed_at: datetime,
    number: int,
) -> tuple[Finding | ScanNote, ...]:
    """The finding of a row and notes about it. Raises RejectedRecordError."""
    if not control.id:
        raise RejectedRecordError("missing value of control_id: nothing names the check")
    if (word := status_word(status)) not in STATUSES:
        raise RejectedRecordError(f"unknown status {status!r}: expected ok, alarm, error, info or skip")
    outcome, is_muted = STATUSES[word]
    severity = _severity(control.severity)
    tags = {name: value for name, value in dimensions.items() if name not in _PLACES}
    account_id, region = _first(dimensions, ACCOUNT_DIMENSIONS), _first(dimensions, REGION_DIMENSIONS)
    finding = Finding(
        record_no=number,
        finding_uid=f"{control.id}:{account_id}:{region}:{resource}",
        check_id=control.id,
        status=outcome,
        severity=severity or DEFAULT_SEVERITY,
        is_muted=is_muted,
        title=control.title or control.id,
        description=control.description,
        status_detail=reason,
        risk="",
        remediation="",
        remediation_url="",
        source="powerpipe",
        source_version="",
        provider=control.provider,
        account_id=account_id,
        account_name="",
        region=region,
        service=control.service,
        resource_uid=resource,
        resource_name=resource,
        resource_type="",
        environment_tag=environment_of(tags),
        tags=tags_text(tags),
        observed_at=observed_at,
        scan_uid="",
        relations=control.relations,
    )
    if severity is None and control.severity:
        note = assumed_value(f"severity {control.severity!r} is not known: {DEFAULT_SEVERITY} is assumed")
        return (finding, note)
    return (finding,)


def _first(values: Mapping[str, str], names: Iterable[str]) -> str:
    for name in names:
        if value := values.get(name):
            return value
    return ""


@lru_cache(maxsize=256)
def _severity(word: str) -> Severity | None:
    return severity_of_word(word)
