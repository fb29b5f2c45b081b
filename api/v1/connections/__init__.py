"""``/v1/connections``: names and types of the configured receivers, and whether they answer.

Nothing is configured here. That is done in ``<home>/connections.yaml``; secrets are in no response.
"""
