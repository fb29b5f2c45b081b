"""Delivery rules as pure functions: whether a report is sent, when it is tried again, when a destination is paused.

No sending and no database. Sending goes to ``policycortex.channels``, claiming and settling to
``policycortex.workflow.outbox``.
"""
