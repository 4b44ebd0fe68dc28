"""The vocabulary: pure values, facts, asks and ports; standard library only."""
