"""The use cases; they talk to the outside through ports alone."""
