"""Recent pictures in, feature grid out; computed once per frame and shared by all models that use it."""
