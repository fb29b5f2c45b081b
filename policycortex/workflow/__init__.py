"""The story in verbs, one module a chapter; ``verbs`` lists those that the fronts call.

Empty on purpose: who imports one chapter (an import needs no PDF, no mail, no registry) loads that one only.
"""
