"""``/v1/backfills``: reports over past months, as Dagster backfills.

No month is calculated here. Partitions belong to ``pipelines.partitions``, the request body to
``policycortex.requests``.
"""
