"""The Dagster front: assets, jobs, schedules and sensors that call the core and report what it did.

No rule and no SQL. Rules go to ``policycortex``; code that depends on Dagster's private modules goes to
``pipelines.platform``.
"""
