"""Two years of standing reports under four frameworks: with Dagster, without it, and one month."""
