"""``/v1/evidence-requests``: what auditors ask to see of requirements, and the answers.

Evidence files belong to attestations, not to answers. They go to ``api.v1.attestations``.
"""
