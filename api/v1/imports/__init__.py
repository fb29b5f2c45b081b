"""``/v1/imports``: upload findings files, read their progress, result and quarantined records.

Files are not read here. That goes to ``policycortex.workflow.ingest``, in a run of its own.
"""
