"""Conditions of a requirement on the configuration that its checks ran with.

A check with a looser limit than the requirement allows passes and shows nothing: unused keys are looked for after 120
days, and the requirement says 45. Prowler's files state such conditions as ``ConfigRequirements``. No findings format
tells the configuration of the scan, so conditions are counted and named as not evaluated, never taken as met.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

ConditionValue: TypeAlias = bool | int | float | str | tuple[bool | int | float | str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCondition:
    """One condition: ``setting`` of ``check_id`` compared by ``operator`` with ``value``."""

    provider: str
    """``*``: any."""
    check_id: str
    setting: str
    """Name of the scanner's setting (``max_unused_access_keys_days``)."""
    operator: str
    """``lte``, ``gte``, ``eq``, ``in``, ``subset`` or ``superset``."""
    value: ConditionValue


def count_open(conditions: Collection[ScanCondition], checks: Collection[str]) -> int:
    """Conditions on checks that have findings in scope; the report says that they were not evaluated."""
    return sum(condition.check_id in checks for condition in conditions)
