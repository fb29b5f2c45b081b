"""Front one: Dagster. Takes windows and tags, calls one verb of the core, tells what came of it. Judges nothing."""
