"""Messages per second of one link between two processes; `python tests/transport/bench_link.py`. Asserts nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from monitor.transport import Context, Policy, Sender, ipc_endpoint
from monitor.types import Frame, Stamp

COUNT = 3000
CHILD = """
import sys
from monitor.transport import Context, Receiver
with Context() as context, Receiver(context, sys.argv[1], window=int(sys.argv[2])) as receiver:
    for _ in range(int(sys.argv[3])):
        while (delivery := receiver.receive(5.0)) is None:
            pass
        delivery.message.image[0, 0, 0]
        delivery.done()
    receiver.receive(0.5)  # an acknowledgement that its sender has not read dies with the connection
"""


def measure(endpoint: str, window: int, shape: tuple[int, int, int]) -> float:
    """Messages per second, from the first acknowledgement to the last."""
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    child = subprocess.Popen([sys.executable, "-c", CHILD, endpoint, str(window), str(COUNT + 1)])
    with (
        Context() as context,
        Sender(context, endpoint, capacity=8, policy=Policy.LOSSLESS, stop=lambda: False) as sender,
    ):
        sender.send(Frame(Stamp("bench", "run", 0, 0, 0, None), image))
        sender.flush(30.0)
        began = time.perf_counter()
        for seq in range(1, COUNT + 1):
            sender.send(Frame(Stamp("bench", "run", seq, 0, 0, None), image))
        if not sender.flush(60.0):
            raise SystemExit(f"{sender.pending} messages were never acknowledged")
        seconds = time.perf_counter() - began
    child.wait()
    return COUNT / seconds


def main() -> None:
    """Print one line per window and kind of endpoint."""
    with tempfile.TemporaryDirectory() as folder:
        for endpoint in (ipc_endpoint(Path(folder), "bench"), "tcp://127.0.0.1:15599"):
            for window in (1, 2, 8, 32):
                rate = measure(endpoint, window, (360, 640, 3))
                sys.stdout.write(f"{endpoint.split(':')[0]} 640x360x3 window {window}: {rate:.0f} messages/s\n")


if __name__ == "__main__":
    main()
