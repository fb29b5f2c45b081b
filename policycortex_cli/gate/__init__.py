"""``policycortex gate``: compares a framework's posture with limits, for pipelines, and writes what they read.

It asks the API and calculates no score. Scores belong to ``policycortex.scoring``; the options that choose the API
are in ``policycortex_cli.api_access``.
"""
