"""``/v1/attestations``: request, approve, revoke and list what people state of requirements.

What a statement changes is not decided here. That goes to ``policycortex.scoring.applicability``.
"""
