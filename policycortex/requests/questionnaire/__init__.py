"""The questionnaire: open requirements of a framework as a workbook that people fill in, and the way back.

``layout`` names the cells; ``writing`` makes the workbook; ``reading`` turns a filled one into requests. Which
requirements are open, and what becomes of the requests, is not decided here. That goes to
``policycortex.workflow.questionnaires``.
"""
