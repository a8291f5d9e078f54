"""What our HTML pages have in common: own scripts and styles within the page, and a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_HERE = Path(__file__).parent
# Our own files, and what others' pages are made of too.
_STATIC = (_HERE / "static", _HERE.parent / "static")


def rendered(template: str, scripts: Iterable[str], styles: Iterable[str], **values: object) -> str:
    """The page's HTML. Its policy allows the named scripts and styles by hash, and nothing from anywhere.

    Args:
        template: Its name; it is given `values`, and `scripts`, `styles` and the hashes of both.
        scripts: Names of static files, in the order they run.
        styles: The same for styles.
        values: What the template shows.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = asdict
    running, dressed = [_source(name) for name in scripts], [_source(name) for name in styles]
    return environment.get_template(template).render(
        values,
        scripts=[Markup(text) for text in running],  # noqa: S704 - our own files, no input in them
        styles=[Markup(text) for text in dressed],  # noqa: S704 - our own files, no input in them
        script_hashes=_hashes(running),
        style_hashes=_hashes(dressed),
    )


def _source(name: str) -> str:
    """A script or style that is put into the page as it is."""
    found = next(folder / name for folder in _STATIC if (folder / name).is_file())
    return found.read_text(encoding="utf-8")


def _hashes(sources: Iterable[str]) -> str:
    """Sources of a Content-Security-Policy, https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    digests = (hashlib.sha256(source.encode("utf-8")).digest() for source in sources)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)
