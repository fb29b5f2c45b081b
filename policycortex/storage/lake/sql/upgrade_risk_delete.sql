-- Risk of the former ages or selection of scans: days without risk are built again, see unbuilt_days.sql.
DELETE FROM lake.marts.risk
