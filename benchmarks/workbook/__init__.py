"""100,000 findings as a workbook: this product's designed one, openpyxl's bare one."""
