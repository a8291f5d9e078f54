"""Texts that users write with the payload's fields in them, in Jinja. Sandboxed: it reads fields and no more."""

from __future__ import annotations

import msgspec
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.sink import SinkError
from monitor.sinks.payload import Payload

# A template may loop; what it makes must be a message.
_MOST_CHARACTERS = 10_000_000


class Template:
    """One template. Fields are there by their names, as of the payload's JSON; `headline` and `text` are words."""

    def __init__(self, sink: str, key: str, text: str) -> None:
        """Args: sink, key: whose it is, for messages.

        Raises:
            ValueError: It is none, or asks for a field that there is not; with the line.
        """
        self._where = f"sink {sink}: {key}"
        # Plain text and JSON (`tojson`), never HTML.
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        try:
            self._template = environment.from_string(text)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise ValueError(
                f"{self._where}: expected a template, got {error} in its line {line}; change it"
            ) from error

    def filled(self, payload: Payload, headline: str, text: str) -> str:
        """The text for `payload`.

        Raises:
            SinkError: It cannot be filled in; never retryable.
        """
        fields = {**msgspec.to_builtins(payload), "headline": headline, "text": text}
        try:
            made = self._template.render(fields)
        except Exception as error:  # a template can do whatever Python's operators can
            raise SinkError(
                f"{self._where}: cannot be filled in: {error}; see docs/sinks.md for its fields", retryable=False
            ) from error
        if len(made) > _MOST_CHARACTERS:
            raise SinkError(f"{self._where}: made a text that is too long; shorten it", retryable=False)
        return made
