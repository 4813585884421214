"""What off-policy agents learn from: transitions of the past, each observation stored once."""
