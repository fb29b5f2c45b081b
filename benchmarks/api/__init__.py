"""How fast the API answers: lists, details and new reports."""
