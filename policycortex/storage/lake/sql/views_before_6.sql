-- The tables at a snapshot before version 6, whose findings have no scan targets: its reports stay as they were.
CREATE OR REPLACE VIEW memory.main.scan_coverage AS
SELECT *, '' AS scan_target, 'results' AS listing, scan_at AS seen_at, false AS is_whole_target FROM lake.core.scan_coverage;
CREATE OR REPLACE VIEW memory.main.finding_state AS SELECT *, '' AS scan_target FROM lake.core.finding_state;
CREATE OR REPLACE VIEW memory.main.all_states AS SELECT *, '' AS scan_target, true AS is_kept FROM lake.core.finding_state;
CREATE OR REPLACE VIEW memory.main.failing_since AS SELECT *, '' AS scan_target FROM lake.core.failing_since;
CREATE OR REPLACE VIEW memory.main.check_tallies AS SELECT *, '' AS scan_target FROM lake.marts.check_tallies;
CREATE OR REPLACE VIEW memory.main.risk_tallies AS SELECT *, '' AS scan_target FROM lake.marts.risk_tallies;
CREATE OR REPLACE VIEW memory.main.remediations AS FROM lake.marts.remediations;
CREATE OR REPLACE MACRO memory.main.has_scan_targets() AS false;
CREATE OR REPLACE VIEW memory.main.filtered_notes AS SELECT '' AS import_id, '' AS kind WHERE false;
