"""The tree as a text that `load` reads back as the same tree. Not for people to read: it holds secrets in clear."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import SecretStr

from monitor.config.tree import Config


def dump(config: Config) -> str:
    """YAML with every key and every secret in clear; to be written where only its owner can read."""
    # Not JSON: YAML 1.1 reads JSON's 1e-05 as a text. ASCII: written as it is, U+0085 comes back as a space.
    return yaml.safe_dump(_plain(config.model_dump()), allow_unicode=False, sort_keys=False)


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value)
        case _:
            return value
