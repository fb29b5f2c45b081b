"""Front two: the v1 Reports API. It validates, launches runs, and reads what they left."""
