"""Delivery channels, one module each: connection settings, request body, ``send``, ``check`` and properties.

No retries and no database. Retry rules go to ``policycortex.delivery``, the outbox to
``policycortex.workflow.outbox``. A module that defines ``CHANNEL`` is a channel; the others serve all channels.
"""
