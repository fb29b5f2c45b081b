"""``/v1/deliveries``: lists deliveries, requests further ones, cancels and replays them.

Nothing is sent here. Sending goes to ``policycortex.workflow.outbox``.
"""
