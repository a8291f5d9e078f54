"""A dead man's switch: calls an address so often, and only while events can be stored and told. Tells of no event.

Whoever is called raises the alarm when the calls stay away: the only way to hear of a machine that lost its power.
"""

from __future__ import annotations

from monitor.sinks.http import Http


class Heartbeat:
    """One address that is to be called again and again."""

    def __init__(self, name: str, url: str, *, method: str = "GET", every_s: float = 60.0, timeout_s: float) -> None:
        """Raises ValueError if the address is not one."""
        self._http = Http(name, url, timeout_s=timeout_s)
        self._method = method
        self.name = name
        self.every_s = every_s

    def ping(self) -> str:
        """Call once; what came back, for people.

        Raises:
            SinkError: No 2xx came back within the time-out.
        """
        return f"{self._http.where} answered {self._http.send(self._method)}"
