"""Judgements become events; reports become states. Pure: nothing here reads a clock, a file or a socket."""
