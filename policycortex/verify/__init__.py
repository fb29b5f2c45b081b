"""Offline checks of report files, signatures and audit log exports.

Nothing is written and nothing is fetched. Files are signed in ``policycortex.security``; settings and database stay
out.
"""
