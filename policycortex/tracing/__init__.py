"""Spans of what is done, for an OpenTelemetry collector.

``spans`` has what all other code calls, and does nothing where no collector is configured. ``otlp`` sends them; only
there are OpenTelemetry's libraries imported, which are the extra ``tracing``. What is worth a span is decided where the
work is done; counts and times of all reports together are figures of ``workflow/operations.py``.
"""
