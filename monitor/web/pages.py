"""The dashboard's own files, out of the package: read once, shown to everybody, as they hold nothing of anybody's."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.responses import Response

from monitor.web.answers import content, missing
from monitor.web.table import Call

FOLDER = Path(__file__).parent / "static"
# What others' pages are made of too.
SHARED = Path(__file__).parents[1] / "static"
# What no browser shows and no page asks for.
_UNSERVED = frozenset({".py", ".pyc", ".md"})
# Everything from here, nothing inline, and pictures that the page makes itself.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}


class StaticPages:
    """All files below a folder and `SHARED`, by their path; a request is looked up, and never leads to the disk."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.relative_to(root).as_posix(): (path.read_bytes(), _type(path))
            for root in (SHARED, folder)
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.suffix not in _UNSERVED
        }

    async def index(self, call: Call) -> Response:
        """The page."""
        return self._answer(call, "index.html")

    async def static(self, call: Call) -> Response:
        """What the page needs."""
        return self._answer(call, call.part("path"))

    def _answer(self, call: Call, name: str) -> Response:
        if name not in self._files:
            raise missing("there is nothing here", "begin at /")
        body, media_type = self._files[name]
        # Asked for again each time, and mostly answered with 304: a new version is seen at once.
        response = content(call.request, body, media_type, caching="no-cache")
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response


def _type(path: Path) -> str:
    return _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
