"""Conditions of declarative automation: states that must hold, whatever event was lost. Sensors react to events first.

Decision 0065 says which automation is a condition and which is a sensor.
"""

from typing import Final

import dagster as dg

_INTERVAL_SECONDS: Final = 300
_NIGHTLY: Final = "40 3 * * *"

_missing: Final = dg.AutomationCondition.missing()

DAY_IS_ASSESSED: Final = (
    _missing
    & ~_missing.newly_true()
    & ~dg.AutomationCondition.any_deps_missing()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
    & ~dg.AutomationCondition.execution_failed()
).with_label("a scanned day is missing for five minutes, and no run makes it")
"""Each scanned day is made. The run that follows an import does so first; this finds days that no run followed, as
after a killed command or an upgrade that adds a table. A day whose run failed waits for a person."""

COUNTED_NIGHTLY: Final = (
    dg.AutomationCondition.on_cron(_NIGHTLY)
    | (_missing & ~dg.AutomationCondition.in_progress() & ~dg.AutomationCondition.execution_failed())
).with_label("each night, and when it was never counted")
"""For tables of the registry, which change without a run."""


def automation_sensor(target: dg.AssetSelection) -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions of these assets."""
    return dg.AutomationConditionSensorDefinition(
        "missing_results",
        target=target,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes results of scanned days that no run made, and counts waivers and attestations each night.",
    )
