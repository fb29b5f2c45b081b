"""Reports out: one content record, one ``send`` per channel, named connections, and when to try again.

Nothing here knows the registry: ``policycortex.workflow.delivery`` brings ledger and channels together.
"""
