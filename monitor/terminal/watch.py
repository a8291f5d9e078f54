"""Asks the daemon once a second how it is, and shows it: as a live view or line by line. Decides what neither says."""

from __future__ import annotations

import ssl
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import httpx
import msgspec
from rich.console import Console
from rich.live import Live

from monitor.terminal.lines import Lines
from monitor.terminal.screen import WIDE_FROM_COLUMNS, Histories, chosen_camera, screen
from monitor.views import Overview

_EVERY_S = 1.0
_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are.

    Attributes:
        url: Of the web server, without a slash at its end.
        data_dir: Where events and pictures are.
        logs: Folder of the log files; None if logs go to standard error.
        token: Shown to the web server, if it asks for a login; never to people.
        certificate: The web server's, if it speaks TLS: it is trusted, whatever name it is made out to.
    """

    url: str
    data_dir: Path
    logs: Path | None
    token: str = field(default="", repr=False)
    certificate: Path | None = None

    def lines(self) -> list[str]:
        """The same for people."""
        lines = [f"dashboard {self.url}/", f"metrics   {self.url}/metrics", f"events    {self.data_dir}"]
        return lines if self.logs is None else [*lines, f"logs      {self.logs}"]


class Asking:
    """The daemon's answers; None for what it does not answer, as while it starts or stops."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def overview(self) -> Overview | None:
        """How everything is."""
        body = self._get("/status")
        try:
            return None if body is None else msgspec.json.decode(body, type=Overview)
        except msgspec.DecodeError:  # another program on that port
            return None

    def picture(self, camera: str) -> bytes | None:
        """A camera's newest picture as JPEG."""
        return self._get(f"/cameras/{camera}/picture.jpg")

    def _get(self, path: str) -> bytes | None:
        try:
            answer = self._client.get(path)
        except httpx.HTTPError:
            return None
        return answer.content if answer.is_success else None


@contextmanager
def watching(places: Places, cameras: Sequence[str], *, live: bool, out: TextIO | None = None) -> Iterator[None]:
    """Show a daemon while the block runs it.

    Args:
        places: Told to the person; the first is also where the daemon is asked.
        cameras: Their names, in order.
        live: A view that is drawn anew, for terminals; else a line per change.
        out: Standard output if None.
    """
    stop = threading.Event()
    stream = sys.stdout if out is None else out
    show = _show_live if live else _show_lines
    thread = threading.Thread(target=show, args=(places, cameras, stop, stream), name="terminal")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _client(places: Places) -> httpx.Client:
    # The environment's proxies are for the world outside, not for a daemon on this host.
    headers = {"Authorization": f"Bearer {places.token}"} if places.token else {}
    verify = True if places.certificate is None else _trusting(places.certificate)
    return httpx.Client(base_url=places.url, timeout=_TIMEOUT_S, trust_env=False, headers=headers, verify=verify)


def _trusting(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False  # it is asked by its address; the certificate itself is what is known
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _show_lines(places: Places, cameras: Sequence[str], stop: threading.Event, out: TextIO) -> None:
    lines = Lines(time.time_ns())
    print(f"watching {', '.join(cameras)}; Ctrl-C stops", *places.lines(), sep="\n", file=out, flush=True)
    with _client(places) as client:
        asking = Asking(client)
        while not stop.wait(_EVERY_S):
            overview = asking.overview()
            for line in () if overview is None else lines.news(overview):
                print(line, file=out, flush=True)


def _show_live(places: Places, cameras: Sequence[str], stop: threading.Event, out: TextIO) -> None:
    histories = Histories()
    console = Console(file=out)
    with _client(places) as client, Live(console=console, auto_refresh=False, transient=False) as live:
        asking = Asking(client)
        while True:
            overview = asking.overview()
            picture = None
            if overview is not None:
                histories.add(overview)
                camera = chosen_camera(overview)
                if camera is not None and console.width >= WIDE_FROM_COLUMNS:
                    picture = asking.picture(camera)
            live.update(screen(overview, cameras, histories, places.lines(), picture, console.width), refresh=True)
            if stop.wait(_EVERY_S):
                return
