"""The fields of Trivy's records that are kept, typed, and its check ids. Other fields are dropped."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from policycortex.findings.model import Listing
from policycortex.findings.providers import KNOWN_PROVIDERS, provider_name
from policycortex.names import FindingStatus, Severity

STATUSES: Final = {
    "PASS": (FindingStatus.PASS, False), "FAIL": (FindingStatus.FAIL, False), "EXCEPTION": (FindingStatus.FAIL, True),
}  # fmt: skip
"""``Status`` of a misconfiguration, as ``status_word`` in upper case, to status and muted.

An exception is accepted in the user's own rules."""

SEVERITIES: Final = {
    "CRITICAL": Severity.CRITICAL, "HIGH": Severity.HIGH, "MEDIUM": Severity.MEDIUM, "LOW": Severity.LOW,
    "UNKNOWN": Severity.INFORMATIONAL,
}  # fmt: skip

_PROVIDERS_OF_CHECKS: Final = {
    "AWS": "aws", "AZU": "azure", "AZURE": "azure", "GCP": "gcp", "GOOGLE": "gcp", "KSV": "kubernetes",
    "KCV": "kubernetes", "DS": "docker", "GIT": "github", "OCI": "oraclecloud", "OPNSTK": "openstack",
    "DIG": "digitalocean", "NIF": "nifcloud", "CLDSTK": "cloudstack",
}  # fmt: skip
"""First part of the stable check ids."""
_PROVIDERS_OF_TYPES: Final = {
    "kubernetes": "kubernetes", "helm": "kubernetes", "dockerfile": "docker", "cloudformation": "aws",
    "azure-arm": "azure",
}  # fmt: skip
"""``Type`` of a result."""

_ID: Final = re.compile(r"(?:AVD-)?([A-Z]+)-(\d+)|(DS|KSV|KCV)(\d+)")


class ProblemCause(msgspec.Struct, gc=False):
    Resource: str | None = None
    Provider: str | None = None
    Service: str | None = None
    StartLine: int | None = None


class Misconfiguration(msgspec.Struct, gc=False):
    Status: str
    ID: str | None = None
    AVDID: str | None = None
    Title: str | None = None
    Description: str | None = None
    Message: str | None = None
    Resolution: str | None = None
    Severity: str | None = None
    PrimaryURL: str | None = None
    CauseMetadata: ProblemCause | None = None


class Vulnerability(msgspec.Struct, gc=False):
    VulnerabilityID: str
    PkgName: str | None = None
    InstalledVersion: str | None = None
    FixedVersion: str | None = None
    Title: str | None = None
    Description: str | None = None
    Severity: str | None = None
    PrimaryURL: str | None = None


class Secret(msgspec.Struct, gc=False):
    RuleID: str
    Category: str | None = None
    Severity: str | None = None
    Title: str | None = None
    StartLine: int | None = None


class License(msgspec.Struct, gc=False):
    Name: Any = None


class Modified(msgspec.Struct, gc=False):
    """A finding that the user's ignore file or VEX document suppresses."""

    Type: str
    Finding: Any
    Status: str | None = None
    Statement: str | None = None


class Context(NamedTuple):
    """What all records of a section share."""

    version: str
    observed_at: datetime
    scan_uid: str
    cluster: str
    target: str
    place: str
    """The target, with its image, repository or machine before it: the same target may be in several of them."""
    kind: str
    resource: str
    """Name of a Kubernetes resource, with its kind and namespace; "" outside of clusters."""
    namespace: str
    type: str
    relations: Mapping[str, str]
    """Relations by check id, in compliance reports."""
    scan_target: str
    """See ``findings.scan_targets``."""
    target_part: str
    """The compliance report and the scanner: a run with one of Trivy's scanners says nothing of the others."""
    listing: Listing | None = None
    """See ``Finding.listing``."""
    is_muted: bool = False
    statement: str = ""


@lru_cache(maxsize=4096)
def stable_trivy_id(text: str) -> str:
    """``AWS-0104`` for ``AVD-AWS-0104``, ``DS-0002`` for ``DS002`` and ``AVD-DS-0002``: the form of versions since
    late 2025. Ids of other checks are unchanged.
    """
    found = _ID.fullmatch(text.strip())
    if found is None:
        return text.strip()
    return f"{found[1] or found[3]}-{(found[2] or found[4]).zfill(4)}"


@lru_cache(maxsize=4096)
def provider_of(check_id: str, named: str, result_type: str) -> str:
    """By Trivy's own name for it, else by the check's id, else by the type of the scanned file; "" for none."""
    provider = provider_name(named) if named else ""
    if provider in KNOWN_PROVIDERS:
        return provider
    by_check = _PROVIDERS_OF_CHECKS.get(check_id.partition("-")[0])
    return by_check or _PROVIDERS_OF_TYPES.get(result_type.casefold(), "") or provider


NO_CAUSE: Final = ProblemCause()
