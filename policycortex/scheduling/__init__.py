"""When a report is due: cron expressions, their ticks in a time zone, what downtime does to them, templates."""
