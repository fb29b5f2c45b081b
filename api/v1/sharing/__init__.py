"""Temporary download links, and the access list of a report.

Tokens are made and checked in ``policycortex.storage.registry``, not here; files are returned by
``api.v1.downloads``.
"""
