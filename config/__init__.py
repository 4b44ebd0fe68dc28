"""Settings: one tree, collected from above, checked before anything starts."""
