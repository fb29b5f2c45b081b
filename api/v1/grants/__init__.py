"""``/v1/grants``: what outside auditors may see, and until when.

What a grant shows is not decided here. That goes to ``api.platform.grants`` and ``policycortex.storage.registry``.
"""
