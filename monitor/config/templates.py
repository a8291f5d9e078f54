"""Templates in the configuration: whether they are any. Fills none in."""

from __future__ import annotations


def checked_template(text: str) -> str:
    """`text`, if it is a template in Jinja; ValueError for pydantic with the line in it otherwise."""
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - 60 ms that a configuration without templates need not wait
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    try:
        SandboxedEnvironment(autoescape=False).compile(text)
    except TemplateSyntaxError as error:
        what = (error.message or "another text").rstrip(".")
        raise ValueError(f"expected a template in Jinja, got {what} in its line {error.lineno}; change it") from error
    return text
