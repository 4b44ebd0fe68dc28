"""Tests of reading venues' exports."""
