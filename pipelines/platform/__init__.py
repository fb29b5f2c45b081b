"""How runs are started and recorded: the run host, launchers, event log storage and reloading.

No asset and no rule of the product. Definitions go to ``pipelines.defs``; private Dagster imports stand only here.
"""
