"""Benchmarks, each with its peer or its floor in the same run; only ratios count."""
