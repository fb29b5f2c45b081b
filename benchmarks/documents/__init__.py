"""Reports as PDF: this product beside the engines it could have used alone."""
