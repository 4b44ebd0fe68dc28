"""May this be done? Pure rules, no input or output."""
