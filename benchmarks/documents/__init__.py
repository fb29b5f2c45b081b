"""Reports as PDF: this product compared with the engines that it uses or could use alone."""
