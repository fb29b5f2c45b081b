-- Grain: one readable snapshot, oldest first. The first one is of the empty lake, before its tables.
SELECT snapshot_id, snapshot_time, commit_message
FROM ducklake_snapshots('lake')
WHERE snapshot_id > 0
ORDER BY snapshot_id
