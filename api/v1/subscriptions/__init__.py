"""``/v1/subscriptions``: which events are sent to which webhook, and what became of each.

Nothing is sent here. That goes to ``policycortex.workflow.event_sending``.
"""
