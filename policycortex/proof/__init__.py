"""What makes files and records prove themselves: seals, passwords, signatures, manifests, the chain, and their check.

Knows neither database nor template; what must be kept is handed out and taken in as values.
"""
