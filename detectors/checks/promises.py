"""What every contract has in common: a promise kept or broken, states in files, memory. Knows no subject."""

from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from detectors.base import Model, StateDict, StateError, Threshold

SLACK_BYTES = 16_384  # what the interpreter and libraries may keep of their own


class BrokenPromiseError(AssertionError):
    """A subject does not do what its protocol promises."""


def expect(kept: bool, otherwise: str) -> None:
    """BrokenPromiseError, saying `otherwise`, unless `kept`."""
    if not kept:
        raise BrokenPromiseError(otherwise)


def same_state(left: StateDict, right: StateDict) -> bool:
    """Whether both have the same arrays by the same names."""
    return set(left) == set(right) and all(np.array_equal(left[name], right[name]) for name in left)


def saved(state: StateDict) -> StateDict:
    """`state` after a way through a file that refuses pickle."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def misfits(state: StateDict) -> list[tuple[str, StateDict]]:
    """States that must be refused, each with its fault in words."""
    faults: list[tuple[str, StateDict]] = [("no arrays at all", {})]
    for name, array in state.items():
        faults.append((f"without {name}", {n: a for n, a in state.items() if n != name}))
        faults.append((f"{name} with an axis too many", state | {name: array[..., None]}))
        if array.dtype.kind == "f" and array.size:
            faults.append((f"{name} not finite", state | {name: np.full_like(array, np.nan)}))
    return faults


def expect_plain(state: StateDict) -> None:
    """Arrays of numbers and nothing else, which survive a file."""
    for name, array in state.items():
        plain = isinstance(array, np.ndarray) and array.dtype.kind in "biuf"
        expect(plain, f"expected {name} to be an array of numbers, got {type(array).__name__}")
    expect(same_state(state, saved(state)), "expected the state to come back from a file as it was")


def expect_refused(subject: Model | Threshold) -> None:
    """Each of the `misfits` of its state is a StateError that changes nothing."""
    before = subject.state()
    for fault, state in misfits(before):
        try:
            subject.restore(state)
        except StateError:
            expect(same_state(before, subject.state()), f"expected a refused state ({fault}) to change nothing")
        else:
            raise BrokenPromiseError(f"expected StateError for a state with a fault: {fault}")


def grown_bytes(work: Callable[[int], None], times: int, rounds: int = 1) -> int:
    """Bytes that Python and numpy hold more after each `times` calls of `work`, the first ones not counted.

    The least of the `rounds`: what grows, grows in each, but the interpreter and libraries keep things once, whenever
    they like to.
    """
    held = []
    tracemalloc.start()
    try:
        for turn in range(rounds + 1):
            for i in range(turn * times, (turn + 1) * times):
                work(i)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return min(after - before for before, after in pairwise(held))
