"""The steps of each task, in order: ingest, score, report, deliver, migrate. The fronts call these functions.

No rule and no SQL. Rules go to the pure packages, SQL to ``policycortex.storage``.

The file is nearly empty on purpose: importing one module loads only what that task needs.
"""
