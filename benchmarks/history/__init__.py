"""Reports over 30 days: with ever more history behind them, and with ever more findings in scope."""
