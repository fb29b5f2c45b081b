"""The fields of an OCSF record that are kept, typed; others are dropped. No rules: see ``formats.ocsf``."""

from typing import Any, Final

import msgspec

DETECTION_FINDING: Final = 2004
COMPLIANCE_FINDING: Final = 2003
VULNERABILITY_FINDING: Final = 2002
SECURITY_FINDING: Final = 2001
"""The class of all findings up to OCSF 1.0."""


class Product(msgspec.Struct, gc=False):
    name: str | None = None
    uid: str | None = None
    vendor_name: str | None = None
    version: str | None = None


class Metadata(msgspec.Struct, gc=False):
    product: Product
    event_code: str | None = None


class Analytic(msgspec.Struct, gc=False):
    uid: str | None = None
    name: str | None = None
    category: str | None = None


class FindingInfo(msgspec.Struct, gc=False):
    uid: str
    title: str | None = None
    desc: str | None = None
    analytic: Analytic | None = None
    types: list[str] | None = None
    created_time: int | float | str | None = None
    """Prowler 4.0 to 4.4 writes a text without offset, later versions the standard's number."""


class Account(msgspec.Struct, gc=False):
    uid: str | None = None
    name: str | None = None


class Cloud(msgspec.Struct, gc=False):
    provider: str | None = None
    region: str | None = None
    account: Account | None = None
    project_uid: str | None = None


class ResourceGroup(msgspec.Struct, gc=False):
    name: str | None = None


class Resource(msgspec.Struct, gc=False):
    uid: str | None = None
    name: str | None = None
    type: str | None = None
    region: str | None = None
    namespace: str | None = None
    labels: list[str] | None = None
    tags: Any = None
    group: ResourceGroup | None = None


class Remediation(msgspec.Struct, gc=False):
    desc: str | None = None
    references: list[str] | None = None


class Check(msgspec.Struct, gc=False):
    uid: str | None = None
    name: str | None = None
    desc: str | None = None


class Compliance(msgspec.Struct, gc=False):
    status: str | None = None
    status_id: int | None = None
    status_code: str | None = None
    control: str | None = None
    requirements: list[str] | None = None
    standards: list[str] | None = None
    checks: list[Check] | None = None


class OcsfRecord(msgspec.Struct, gc=False):
    class_uid: int
    metadata: Metadata
    finding_info: FindingInfo
    time: int | float | str | None = None
    """Epoch; some producers write ISO 8601 text."""
    time_dt: str | None = None
    event_time: int | float | str | None = None
    """Prowler 4.0 to 4.4 has it instead of ``time``, as a text without offset."""
    severity_id: int | float | str | None = None
    severity: str | None = None
    status_id: int | None = None
    status: str | None = None
    status_code: str | None = None
    status_detail: str | None = None
    message: str | None = None
    risk_details: str | None = None
    cloud: Cloud | None = None
    resources: list[Resource] | None = None
    resource: Resource | None = None
    """Version 1.1 of the Compliance Finding has it instead of ``resources``."""
    remediation: Remediation | None = None
    compliance: Compliance | None = None
    unmapped: Any = None
    """Any JSON value; see ``read_unmapped``."""


class Unmapped(msgspec.Struct, gc=False):
    """Prowler's fields outside the standard."""

    compliance: bytes | None = None
    """As JSON text, the key under which its relations are cached; None where there is none."""
    is_relations: bool = False
    """True if ``compliance`` has the form of requirements by framework; other producers may name anything so."""
    cloud: Any = None
    provider: str = ""
    provider_uid: str = ""
    scan_id: str = ""
    categories: list[Any] | None = None
    """None where there is no list of them."""


STRICT_FIELDS: Final = frozenset(
    (
        "class_uid", "metadata", "metadata.product", "metadata.event_code", "finding_info", "finding_info.uid",
        "status_id", "status", "status_code", "compliance.status", "compliance.status_id",
        "compliance.status_code",
    )
)  # fmt: skip
"""Fields that decide identity or status: a record in which one of them is wrong is rejected. Of the times, one that can
be read is enough."""

NO_RESOURCE: Final = Resource()
NO_REMEDIATION: Final = Remediation()
NO_CLOUD: Final = Cloud()
NO_ANALYTIC: Final = Analytic()
NO_COMPLIANCE: Final = Compliance()
NO_CHECK: Final = Check()


def read_unmapped(value: object) -> Unmapped:
    """The fields of a decoded ``unmapped``; empty if it is no object."""
    if not isinstance(value, dict):
        return Unmapped()
    named = value.get("compliance")
    return Unmapped(
        compliance=None if named is None else msgspec.json.encode(named),
        is_relations=_is_relations(named),
        cloud=value.get("cloud"),
        provider=_text(value.get("provider")),
        provider_uid=_text(value.get("provider_uid")),
        scan_id=_text(value.get("scan_id")),
        categories=categories if isinstance(categories := value.get("categories"), list) else None,
    )


def _is_relations(named: object) -> bool:
    return isinstance(named, dict) and all(
        isinstance(ids, list) and all(isinstance(each, str) for each in ids) for ids in named.values()
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
