"""Tests of the engine: the real ledger, the real demo venues, real tasks."""
