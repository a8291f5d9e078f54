"""The command line. Does no work of its own: it reads arguments, calls the house and tells how it went.

What is heavy (torch, cv2, av, zmq, pydantic) is imported inside the commands, so that `--help` and shell completion
answer at once.
"""

from monitor.cli.app import app, main

__all__ = ["app", "main"]
