-- For a scope whose only filter besides those of in_scope is on services, which the lake's tallies have: these, narrowed.
CREATE TEMP VIEW all_states AS
SELECT *, scope_keeps_place(service, NULL) AS is_kept FROM memory.main.finding_state;
CREATE TEMP VIEW finding_state AS FROM memory.main.finding_state WHERE scope_keeps_place(service, NULL);
CREATE TEMP VIEW check_tallies AS FROM memory.main.check_tallies WHERE scope_keeps_place(service, NULL);
CREATE TEMP VIEW risk_tallies AS FROM memory.main.risk_tallies WHERE scope_keeps_place(service, NULL);
