"""Configuration in, objects out: the one place where the parts of a process are put together. Runs none of them."""
