"""The posture of one part of a combined framework, from what the whole was assessed with: nothing is read again."""

from dataclasses import replace

import polars as pl

from policycortex.frameworks.combined import id_within
from policycortex.frameworks.model import Framework
from policycortex.scoring.assess import posture_of
from policycortex.scoring.model import Posture
from policycortex.scoring.requirement_counts import KEY, by_severity, requirement_sets
from policycortex.scoring.waived import waived_of_framework


def assess_part(
    whole: Posture,
    part: Framework,
    *,
    framework_id: str,
    tallies: pl.DataFrame,
    relations: pl.DataFrame,
    waived: pl.DataFrame,
) -> Posture:
    """The posture of ``part`` within the posture ``whole`` of the combined framework ``framework_id``.

    Requirements have their own ids again. The frames are those that ``whole`` was assessed with. A finding of several
    parts counts in each.
    """
    ids = {id_within(part, each.id): each.id for each in part.requirements}
    own = relations.filter(pl.col("requirement_id").is_in(list(ids)))
    related = tallies.join(own.select(KEY).unique(), on=KEY, how="semi")
    totals = by_severity(related, waived_of_framework(waived, framework_id, requirement_sets(own)))
    requirements = tuple(
        replace(
            each,
            id=ids[each.id],
            parent=ids.get(each.parent or ""),
            section=each.section.removeprefix(f"{part.name}: "),
        )
        for each in whole.requirements
        if each.id in ids
    )
    return posture_of(part, requirements, totals)
