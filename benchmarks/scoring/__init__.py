"""Findings of one day scored against three frameworks: this product, Prowler's library, bare SQL, pandas."""
