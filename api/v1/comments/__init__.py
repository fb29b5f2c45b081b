"""``/v1/comments``: comments of reviewers on requirements.

Which reports show them is not decided here. That goes to ``policycortex.reports.sections.comments``.
"""
