-- Tables since version 9.
CREATE OR REPLACE VIEW memory.main.poam_items AS FROM lake.core.poam_items;
