"""The installation's resource as sensors get it: without an instance of Dagster.

A sensor with a resource among its parameters, or one that reads ``context.instance``, makes Dagster open all storages
at each evaluation: 40 ms of CPU time, six sevenths of what an idle code server takes. Most evaluations find nothing.
"""

from typing import Any

import dagster as dg

from pipelines.resources import CoreResource


def core_of(context: dg.SensorEvaluationContext) -> CoreResource:
    """The resource ``core`` of the definitions; of the context itself where that belongs to no definitions."""
    if context.repository_def is None:
        given: CoreResource = context.resources.core
        return given
    fixed: Any = context.repository_def.get_top_level_resources()["core"].resource_fn
    core: CoreResource = fixed(None)
    return core
