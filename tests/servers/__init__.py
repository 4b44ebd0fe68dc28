"""Real servers that some tests need, each started by the test that needs it."""
