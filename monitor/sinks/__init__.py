"""Destinations that are told of events, one a file. None retries, stores or decides."""
