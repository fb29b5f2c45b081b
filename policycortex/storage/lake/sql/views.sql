-- The lake's tables as queries read them: with the columns of scan targets.
CREATE OR REPLACE VIEW memory.main.scan_coverage AS FROM lake.core.scan_coverage;
CREATE OR REPLACE VIEW memory.main.finding_state AS FROM lake.core.finding_state;
-- Findings in and out of the scope's filters on service, region, tag and owner (scope_states.sql): here there are none.
CREATE OR REPLACE VIEW memory.main.all_states AS SELECT *, true AS is_kept FROM lake.core.finding_state;
CREATE OR REPLACE VIEW memory.main.failing_since AS FROM lake.core.failing_since;
CREATE OR REPLACE VIEW memory.main.check_tallies AS FROM lake.marts.check_tallies;
CREATE OR REPLACE VIEW memory.main.risk_tallies AS FROM lake.marts.risk_tallies;
CREATE OR REPLACE VIEW memory.main.remediations AS FROM lake.marts.remediations;
CREATE OR REPLACE MACRO memory.main.has_scan_targets() AS true;
CREATE OR REPLACE VIEW memory.main.filtered_notes AS
SELECT import_id, kind FROM lake.raw.import_notes WHERE kind IN ('only_passing', 'only_failing', 'failing_left_out');
