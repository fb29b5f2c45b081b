"""``/v1/keys``: API keys of the organisation, and the people who sign in without one.

Authentication is not here. That is in ``api.platform.auth``.
"""
