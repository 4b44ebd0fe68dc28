"""What Prometheus scrapes, and how it is told to."""
