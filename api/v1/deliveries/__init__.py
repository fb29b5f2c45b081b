"""``/v1/deliveries``: the delivery list, and the replay of a failed delivery.

Nothing is sent here. Sending goes to ``policycortex.workflow.outbox``.
"""
