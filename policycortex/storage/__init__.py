"""Everything that is kept: findings in the lake, records in the registry, files in object storage.

No rule and no calculation beyond counting. Scoring goes to ``policycortex.scoring``, the order of steps to
``policycortex.workflow``.
"""
