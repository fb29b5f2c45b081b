"""The HTTP front: the documented ``/v1`` API. It checks requests, starts runs and returns stored results.

No rule and no calculation. Rules go to ``policycortex``; whatever takes longer than a request goes to a run in
``pipelines``.
"""
