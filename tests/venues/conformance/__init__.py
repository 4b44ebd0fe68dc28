"""What leaves for each venue and what is read of its answers, over a captured wire."""
