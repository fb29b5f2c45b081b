"""``/healthz``, ``/readyz`` and ``/metrics``, for the machine that watches the service.

No data of an organisation. That needs an API key and goes to its noun's package.
"""
