"""Feature grid in, score map out: one algorithm a file, all learning online. Chooses none of them."""
