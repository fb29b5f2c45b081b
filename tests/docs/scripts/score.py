"""Calculates the example score model; prints the score and its texts."""

import json

import polars as pl

from policycortex.documents.locales import open_locale
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA

rows = [
    ("aws", "a", "m", "critical", 3, 1, 0, 0),
    ("aws", "b", "m", "high", 0, 4, 0, 0),
    ("aws", "c", "m", "low", 9, 0, 0, 0),
]
tallies = pl.DataFrame(rows, schema=TALLY_SCHEMA, orient="row")
relations = pl.DataFrame(schema=["provider", "check_id", "mapping_id", "requirement_id"])
posture = assess_posture(None, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())
texts = [open_locale(language).text("model.worst_passed") for language in ("en", "de")]
print(json.dumps([posture.scores["worst_passed"].value_pct, *texts]))
