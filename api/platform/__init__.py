"""What all endpoints share: authentication, rate limits, errors, idempotency, logs, OpenAPI, starting runs.

No endpoint and no JSON form of a noun. Those go to ``api.v1.<noun>``.
"""
