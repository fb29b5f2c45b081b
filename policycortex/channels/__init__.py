"""Delivery channels, one module each: the connection's settings, the request, ``send`` and the connection test.

No retries and no database. Retry rules go to ``policycortex.delivery``, the outbox to
``policycortex.workflow.outbox``.
"""
