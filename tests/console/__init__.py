"""Tests of the console: pure parts, pilot-driven screens, real terminals."""
