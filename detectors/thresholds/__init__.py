"""Scores in, p-values and a limit out: one rule a file. Chooses none of them."""
