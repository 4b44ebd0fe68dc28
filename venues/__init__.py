"""Exchanges: each difference between them lives here and nowhere else."""
