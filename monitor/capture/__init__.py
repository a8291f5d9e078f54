"""A camera or file becomes Frames. Knows nothing of where they go, nor of the configuration."""
