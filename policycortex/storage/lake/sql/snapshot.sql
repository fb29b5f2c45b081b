-- One row: the snapshot that this connection reads.
SELECT id FROM lake.current_snapshot()
