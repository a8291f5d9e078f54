"""How high a score must be to be worth an alert, so that a camera alerts about as often as its user asked for."""
