"""Two years of monthly reports under four frameworks: with Dagster, without it, and one month."""
