"""``/v1/tickets``: tickets of weaknesses in issue trackers, and what was done to each.

Nothing is planned or sent here. That goes to ``policycortex.workflow.ticket_planning`` and ``ticket_sending``.
"""
