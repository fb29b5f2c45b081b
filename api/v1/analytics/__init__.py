"""``/v1/analytics``: trends, risk and forecasts.

Nothing is calculated here. The numbers come from ``policycortex.workflow.analytics``.
"""
