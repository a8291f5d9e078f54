"""rareframe's service: moves frames, decides what is rare, tells people."""
