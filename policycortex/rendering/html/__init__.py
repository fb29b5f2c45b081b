"""The views that the HTML templates show: the printed page and the screen page.

No number is calculated here. Numbers come from ``policycortex.reports``; markup goes to ``templates/``.
"""
