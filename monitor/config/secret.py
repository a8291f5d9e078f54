"""A secret out of the environment or a file, when it is about to be used. Never while loading; keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.config.text import ConfigError, Problem


def read_secret(path: str, env: str | None, file: Path | None, environ: Mapping[str, str]) -> str | None:
    """The secret that a section points to.

    Args:
        path: Of the section in the configuration, such as "cameras.gate", for messages.
        env: Name of the environment variable, from the key that ends in `_env`.
        file: File whose first line it is, from the key that ends in `_file`.
        environ: The environment.

    Returns:
        None if the section points to none.

    Raises:
        ConfigError: The variable is not set, or the file cannot be read or is empty.
    """
    if env is not None:
        secret = environ.get(env, "")
        place, advice = f"the environment variable {env}", "set it"
    elif file is not None:
        secret = _first_line(path, file)
        place, advice = f"the first line of {file}", "write the secret there"
    else:
        return None
    if not secret:
        raise ConfigError((Problem(path, 0, "", f"expected a secret in {place}, got nothing; {advice}"),))
    return secret


def _first_line(path: str, file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message = f"expected a secret in the first line of {file}, got: {reason}; check the file"
        raise ConfigError((Problem(path, 0, "", message),)) from error
    return lines[0].strip() if lines else ""
