"""One module per screen: its routes, the calls it makes, and what its template gets."""
