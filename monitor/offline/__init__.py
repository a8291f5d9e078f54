"""The route without processes: recordings in, a report or an evaluation out. Opens no camera and decodes nothing."""
