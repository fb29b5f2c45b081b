"""``/v1/frameworks/{framework_id}/posture``: results and scores of one framework at one time, without a report.

Nothing is assessed here. That goes to ``policycortex.scoring``.
"""
