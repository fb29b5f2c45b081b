"""``/v1/me``: the caller's own key, organisation, scopes and limits.

Keys are not managed here. That goes to ``policycortex_cli.keys``.
"""
