"""Column lineage of the tables, for the UI: by equal name, or as listed here."""

from collections.abc import Mapping
from typing import Final

import dagster as dg

from pipelines.tables import columns_of

_BY_NAME: Final[Mapping[str, tuple[str, ...]]] = {
    "core.finding_state": ("core.findings",),
    "core.scan_coverage": ("core.finding_state",),
    "marts.check_tallies": ("core.finding_state",),
    "marts.requirement_results": ("marts.check_tallies",),
    "marts.framework_scores": ("marts.check_tallies",),
    "core.failing_since": ("core.finding_state", "core.scan_coverage"),
    "marts.remediations": ("core.failing_since",),
    "marts.risk": ("core.failing_since", "marts.check_tallies"),
    "marts.changes": ("core.finding_state",),
    "core.poam_items": ("core.finding_state", "core.scan_coverage"),
}
"""Source tables of each table; columns with the same name are taken over."""

_STATUS: Final = (("core.finding_state", "status"), ("core.finding_state", "is_muted"))
_COUNTS: Final = tuple(("marts.check_tallies", name) for name in ("passed", "failed", "manual", "muted"))
_KEYS: Final = (("marts.check_tallies", "check_id"), ("marts.check_tallies", "mapping_id"))
_SCORED: Final = (("marts.check_tallies", "passed"), ("marts.check_tallies", "failed"))
_FAILED: Final = (("marts.check_tallies", "failed"), ("marts.check_tallies", "severity"))
_AGES: Final = (("core.failing_since", "failing_since"), ("core.failing_since", "severity"))

_SOURCES: Final[Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]]] = {
    "core.finding_state": {
        "environment": (("core.findings", "environment_tag"), ("core.findings", "account_id")),
        "status": (("core.findings", "status"),),
    },
    "core.scan_coverage": {
        "scan_at": (("core.finding_state", "scan_at"),),
        "seen_at": (("core.finding_state", "observed_at"),),
        "is_whole_target": (("core.finding_state", "scan_target"), ("core.finding_state", "service")),
        "findings": (("core.finding_state", "finding_no"),),
    },
    "marts.check_tallies": dict.fromkeys(("passed", "failed", "manual", "muted"), _STATUS),
    "marts.requirement_results": {
        "requirement_id": _KEYS,
        "result": _COUNTS,
        "waived": (("marts.check_tallies", "failed"),),
    },
    "marts.framework_scores": {
        **dict.fromkeys(("value_pct", "numerator", "denominator"), _SCORED),
        **dict.fromkeys(("critical", "high", "medium", "low", "informational"), _FAILED),
        "assessed": (*_KEYS, *_COUNTS),
        "waived": (("marts.check_tallies", "failed"),),
    },
    "core.failing_since": {
        "failing_since": (("core.finding_state", "observed_date"), ("core.finding_state", "status")),
        "findings": _STATUS,
    },
    "marts.remediations": {
        "opened_date": (("core.failing_since", "failing_since"),),
        "is_remediated": (("core.failing_since", "check_id"), ("core.failing_since", "resource_uid")),
    },
    "marts.risk": {
        "value": (*_AGES, ("core.failing_since", "environment"), *_SCORED),
        "severity": (("core.failing_since", "severity"), ("core.failing_since", "findings")),
        "exposure": _SCORED,
        "age": _AGES,
        "environment": (("core.failing_since", "environment"),),
        **dict.fromkeys(("worst", "others", "band"), (*_AGES, ("core.failing_since", "environment"))),
        "share_pct": (*_AGES, *_SCORED),
        "assessed": _SCORED,
    },
    "marts.changes": dict.fromkeys(("cause", "findings", "passed", "failed", "points"), _STATUS),
}


def column_lineage(key: dg.AssetKey) -> dict[str, dg.TableColumnLineage]:
    """Materialization metadata of the asset with the table ``lake.<layer>.<noun>``; empty for imported data."""
    table = ".".join(key.path)
    sources = _BY_NAME.get(table)
    if sources is None:
        return {}
    own, listed = columns_of(table), _SOURCES.get(table, {})
    found = {
        column: listed.get(column) or tuple((source, column) for source in sources if column in columns_of(source))
        for column in own
    }
    deps = {
        column: [
            dg.TableColumnDep(asset_key=dg.AssetKey(source.split(".")), column_name=name) for source, name in columns
        ]
        for column, columns in found.items()
        if columns
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps)}
