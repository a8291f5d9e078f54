"""One HTTP(S) request within a time-out, for every sink that makes one. Follows no redirect, retries nothing."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from monitor.sink import SinkError

# Beside 5xx: request time-out, too early, too many requests.
_TRY_AGAIN = frozenset({408, 425, 429})


class Http:
    """One address. Its path and query and the values of the headers may be secrets: none is ever told."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """An address.

        Args:
            name: Of the sink, for messages.
            url: http or https.
            headers: Sent with each request, e.g. Authorization.
            timeout_s: For the whole of one request, however the other side dawdles.
            verify: How to check the server's certificate; False is for tests.

        Raises:
            ValueError: The address is not one, or a header cannot be sent.
        """
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL:
            parts = httpx.URL("")
        if parts.scheme not in {"http", "https"} or not parts.host:
            raise ValueError(f"sink {name}: expected a url that begins with http:// or https:// and names a host")
        for header, value in (headers or {}).items():
            if not (header.isascii() and value.isascii() and value.isprintable()):
                raise ValueError(f"sink {name}: header {header!r}: expected printable ASCII; encode the value")
        self._name = name
        self._url = parts
        self.where = f"{parts.scheme}://{parts.host}" + (f":{parts.port}" if parts.port else "")
        self._headers = dict(headers or {})
        self._timeout_s = timeout_s
        self._verify = httpx.create_ssl_context() if verify is True else verify
        # These log every address, and headers at DEBUG: an address may be a secret.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)

    def send(self, method: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> int:
        """Make one request; any 2xx is success.

        Returns:
            The status.

        Raises:
            SinkError: Retryable after 408, 425, 429, 5xx and whenever no answer came; not after other answers.
        """
        try:
            answer = asyncio.run(self._ask(method, body, self._headers | dict(headers or {})))
        except TimeoutError:
            raise self._error(f"did not answer within {self._timeout_s:g} s", "check the destination") from None
        except httpx.HTTPError as error:  # its text may hold the address
            raise self._error(f"no answer ({type(error).__name__})", "check address and network") from None
        status = answer.status_code
        if answer.is_success:
            return status
        if status in _TRY_AGAIN or answer.is_server_error:
            after_s = retry_after_s(answer.headers.get("Retry-After"), time.time())
            raise self._error(f"answered {status}", "check the destination", after_s=after_s)
        remedy = "set `url` to the new address" if answer.is_redirect else "check `url` and `headers`"
        raise self._error(f"answered {status}, expected 2xx", remedy, retryable=False)

    async def _ask(self, method: str, body: bytes | None, headers: Mapping[str, str]) -> httpx.Response:
        # httpx's own time-out is for each read: a server that drips would hold it for ever.
        async with (
            asyncio.timeout(self._timeout_s),
            httpx.AsyncClient(
                verify=self._verify, timeout=self._timeout_s, follow_redirects=False, trust_env=False
            ) as client,
            client.stream(method, self._url, content=body, headers=dict(headers)) as response,
        ):
            return response

    def _error(self, what: str, remedy: str, *, retryable: bool = True, after_s: float | None = None) -> SinkError:
        return SinkError(f"sink {self._name}: {self.where} {what}; {remedy}", retryable=retryable, after_s=after_s)


def retry_after_s(value: str | None, now_s: float) -> float | None:
    """RFC 9110, section 10.2.3: seconds, or an HTTP date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now_s, UTC)).total_seconds())
