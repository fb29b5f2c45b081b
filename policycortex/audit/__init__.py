"""The audit log's form: hash-chained records, the write-ahead log, and the export file.

No database and no list of events. Rows go to ``policycortex.storage.registry.audit_log``; each front names the events
that it records.
"""
