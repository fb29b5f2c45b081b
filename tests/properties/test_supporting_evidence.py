"""No requirement is compliant by supporting relations alone, whatever the relations, the findings and the framework."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.model import Framework
from policycortex.names import RelationStrength, RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA, WAIVED_SCHEMA
from policycortex.scoring.requirement_counts import KEY

REVIEWED = [framework for framework in load_builtin_frameworks().values() if framework.review]


@given(data=st.data(), known=st.sampled_from(REVIEWED))
def test_a_compliant_requirement_has_a_passing_direct_check(data: st.DataObject, known: Framework) -> None:
    """Random outcomes of the framework's own checks: each compliant leaf has a direct relation that passes."""
    pairs = data.draw(
        st.lists(st.sampled_from(sorted(known.crosswalk.relations)), min_size=1, max_size=25, unique=True)
    )
    outcomes = st.tuples(*(st.integers(0, 2) for _ in range(4)))
    rows = [(*pair, "m", "high", *data.draw(outcomes)) for pair in pairs]
    tallies = pl.DataFrame(rows, schema=TALLY_SCHEMA, orient="row")
    relations = expand_crosswalk(known, tallies, MAPPING_SCHEMA.to_frame())
    direct = relations.filter(pl.col("strength") == RelationStrength.DIRECT.value)
    passing = tallies.filter(pl.col("passed") > 0).join(direct, on=KEY)["requirement_id"].to_list()
    failing = tallies.filter(pl.col("failed") > 0).join(relations, on=KEY)["requirement_id"].to_list()
    posture = assess_posture(known, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())
    parents = {requirement.parent for requirement in posture.requirements}
    for requirement in posture.requirements:
        if requirement.id in failing:
            assert requirement.result is RequirementResult.NON_COMPLIANT
        elif requirement.result is RequirementResult.COMPLIANT and requirement.id not in parents:
            assert requirement.id in passing
