"""When a report is due: cron expressions, their ticks in a time zone, and missed ticks, as pure functions.

No database and no Dagster. Claiming a tick goes to ``policycortex.workflow.scheduling``, waking up at one to
``pipelines``.
"""
