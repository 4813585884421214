"""``racetui --demo``: real runs, recorded once, played again as if they were running now. No training, no torch."""
