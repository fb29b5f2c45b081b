"""``/v1/reports``: request, list, read, cancel and delete reports.

No report is made here. Making goes to ``policycortex.workflow.reports``, starting a run to ``api.platform``.
"""
