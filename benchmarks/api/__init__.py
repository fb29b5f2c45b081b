"""How fast the API reads, beside Django REST framework."""
