"""Score forecasts: methods, their selection by backtest, prediction intervals, known steps and targets.

No reading of history and no other statistic. History is read in ``policycortex.workflow``; trends, risk and likely
failures go to ``policycortex.scoring``.
"""
