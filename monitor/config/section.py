"""What every section of the configuration is made of. Knows no key."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from detectors.options import Options
from monitor.redaction import without_credentials

# A list in YAML and a text for a path are what a person writes: the only two coercions.
FilePath = Annotated[Path, Field(strict=False)]
NAME_WORDS = "a name of 1 to 40 of the characters a-z 0-9 _ -, the first a letter or digit"
Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
    Field(json_schema_extra={"patternErrorMessage": NAME_WORDS}),
]
EnvironmentName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        json_schema_extra={"patternErrorMessage": "the name of an environment variable (letters, digits, _)"},
    ),
]


class Section(Options):
    """Frozen and strict; does not show the credentials in its URLs when printed."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """As pydantic's, without credentials."""
        for name, value in super().__repr_args__():
            yield name, without_credentials(value) if isinstance(value, str) else value

    def __str__(self) -> str:
        """As `repr`; pydantic's own would skip what that hides."""
        return repr(self)


def is_loopback(address: str) -> bool:
    """Whether `HOST:PORT` can be reached from this host only."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
