"""``/v1/findings``: the findings of the posture, page by page as JSON or NDJSON, or all of them as one Parquet file.

They are those of a report of the same scope and time. Selection and order are in ``policycortex.storage.lake``.
"""
