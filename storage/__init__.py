"""What must survive: the ledger and everything read back from it."""
