"""What the terminal can do, as its environment promises and as it answers when asked. Textual-free."""
