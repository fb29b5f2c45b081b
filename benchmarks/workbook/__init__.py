"""100,000 findings as a workbook: this product's designed workbook, openpyxl's plain one."""
