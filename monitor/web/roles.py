"""Who may do what, as one order of roles. Knows no page."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Each may do what those before it may."""

    NOBODY = 0  # anybody who can reach the address
    VIEWER = 1  # looks at everything, changes nothing
    OPERATOR = 2  # changes what can be changed here

    @property
    def word(self) -> str:
        """As it stands in the configuration and in answers."""
        return self.name.lower()
