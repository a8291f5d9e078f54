"""What stands before every page: the Host check, the bounds of a request, the security headers. It knows no user."""

from __future__ import annotations

import ipaddress

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.web.answers import RefusedError, refusal

# A page that needs more sets its own.
_DEFAULTS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# A browser sends some twenty.
MOST_HEADERS = 64
MOST_HEADER_BYTES = 16 * 1024
MOST_PATH_BYTES = 4096


class Guards:
    """ASGI middleware.

    The Host check: a page of any web site can point its own name at 127.0.0.1 and read us with its visitor's browser
    (DNS rebinding); that browser then sends the site's name as Host.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], *, any_address: bool = False) -> None:
        """Args: hosts: the names that are ours, in lower case; any_address: any IP address is."""
        self._app = app
        self._hosts = hosts
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                for name, value in _DEFAULTS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refused(scope)
        await (self._app if refused is None else refused)(scope, receive, send_guarded)

    def _refused(self, scope: Scope) -> Response | None:
        sizes = [len(name) + len(value) for name, value in scope["headers"]]
        if len(sizes) > MOST_HEADERS or sum(sizes) > MOST_HEADER_BYTES:
            what = f"expected at most {MOST_HEADERS} headers of {MOST_HEADER_BYTES} bytes together, got more"
            return refusal(RefusedError(431, what, "send fewer"))
        if len(scope["path"]) + len(scope["query_string"]) > MOST_PATH_BYTES:
            return refusal(
                RefusedError(414, f"expected an address of at most {MOST_PATH_BYTES} bytes, got more", "ask less")
            )
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self._is_ours(_without_port(hosts[0])):
            names = ", ".join(sorted(self._hosts))
            return refusal(
                RefusedError(421, f"unknown Host; ask for one of: {names}", "or name it in `alerting.web.hosts`")
            )
        return None

    def _is_ours(self, host: str) -> bool:
        if host in self._hosts:
            return True
        try:
            return self._any_address and bool(ipaddress.ip_address(host))
        except ValueError:
            return False


def _without_port(host: str) -> str:
    """`[::1]:80` → `::1`, `localhost:80` → `localhost`."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
