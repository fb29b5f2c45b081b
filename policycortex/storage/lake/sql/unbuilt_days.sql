-- Grain: one day with tallies of some organisation whose risk is not stored.
SELECT DISTINCT observed_date
FROM lake.marts.check_tallies
    ANTI JOIN (SELECT DISTINCT organization, observed_date FROM lake.marts.risk) built USING (organization, observed_date)
ORDER BY observed_date
