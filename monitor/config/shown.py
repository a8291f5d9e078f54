"""The configuration in force as people may see it: every key, and no secret. Nothing reads it back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from monitor.config.tree import Config
from monitor.redaction import HIDDEN, without_credentials


def shown(config: Config) -> dict[str, object]:
    """Plain values that JSON can hold. Secrets are `***`, and so are logins and tokens in addresses."""
    return {str(key): _shown(value) for key, value in config.model_dump().items()}


def _shown(value: object) -> object:
    match value:
        case Mapping():
            return {str(key): _shown(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_shown(each) for each in value]
        case SecretStr():
            return HIDDEN
        case str():
            return without_credentials(value)
        case Path():
            return without_credentials(str(value))
        case _:
            return value
