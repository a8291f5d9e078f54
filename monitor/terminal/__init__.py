"""What a person at the terminal sees of a running daemon. Asks the alert process as any other client would."""

from monitor.terminal.watch import Places, watching

__all__ = ["Places", "watching"]
