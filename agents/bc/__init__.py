"""Behaviour cloning: from recorded demonstrations, or from an expert that labels what the student meets (DAgger)."""
