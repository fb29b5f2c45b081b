"""What each asset check costs at a million findings a day."""
