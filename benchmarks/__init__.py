"""Where this product stands against what one would use instead, in ratios of one run. See README.md beside."""
