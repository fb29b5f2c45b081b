"""``/v1/schedules``: make, change, list, preview and end schedules.

No tick is calculated here. Ticks go to ``policycortex.scheduling``, claiming them to
``policycortex.workflow.scheduling``.
"""
