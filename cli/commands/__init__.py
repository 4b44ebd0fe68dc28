"""One file a family of commands; each asks the desk and prints what it said."""
