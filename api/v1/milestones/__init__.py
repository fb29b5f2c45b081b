"""``/v1/milestones``: milestones of the items of plans of action.

Which plans show them is not decided here. That goes to ``policycortex.workflow.known_records``.
"""
