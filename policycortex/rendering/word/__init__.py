"""The report as a Word document, from the same page templates as the PDF: HTML becomes paragraphs, tables and pictures.

No calculation and no choice of words. Both go to ``policycortex.reports``. Markup of a page goes to ``templates``;
passwords and signatures go to ``policycortex.security``.
"""
