"""What it is worth and what it earned: pure functions from facts to figures."""
