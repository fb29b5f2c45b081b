"""Dagster definitions, one module per subject: an asset takes its window, calls one core function, returns metadata.

No loop over findings and no database access. The work goes to ``policycortex.workflow``, the metadata's form to
``pipelines.metadata``.
"""
