"""The Dagster UI with a sign-in: an ASGI guard before Dagster's webserver, in the same process.

No rule on sessions, cookies and origins: those are in ``policycortex.security`` and the registry, for all pages for
people. The application of Dagster itself is built in ``pipelines.platform.webserver``.
"""
