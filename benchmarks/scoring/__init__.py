"""Findings of one day judged against three frameworks: this product, Prowler's own library, bare SQL, pandas."""
