"""``/v1/audit-trail``: the organisation's audit log, as pages and as an export.

Nothing is recorded here. Events are recorded through ``api.platform.audit``.
"""
