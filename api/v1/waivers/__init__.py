"""``/v1/waivers``: request, approve, revoke and list waivers.

What a waiver covers is not decided here. That goes to ``policycortex.scoring.waivers``.
"""
