"""Checks a saved state before a model or threshold takes it over. Knows nothing of what the arrays mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.base import StateDict, StateError, StateView


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one array of a state must be: its dtype, and its shape with None for any length."""

    dtype: npt.DTypeLike
    shape: tuple[int | None, ...] = ()


def fitted(state: StateView, wanted: Mapping[str, Wanted]) -> StateDict:
    """Contiguous copies of the arrays of `state`: contiguous, so that sums over them round as before they were saved.

    Raises:
        StateError: An array is missing, not asked for, of another dtype or shape, or not finite.
    """
    if set(state) != set(wanted):
        msg = f"state: expected the arrays {sorted(wanted)}, got {sorted(state)}; start afresh"
        raise StateError(msg)
    return {name: _fitted(name, state[name], want) for name, want in wanted.items()}


def _fitted(name: str, array: npt.NDArray[np.generic], want: Wanted) -> npt.NDArray[np.generic]:
    same_rank = len(array.shape) == len(want.shape)
    if (
        array.dtype != want.dtype
        or not same_rank
        or any(w not in (None, got) for w, got in zip(want.shape, array.shape, strict=True))
    ):
        expected = f"{np.dtype(want.dtype)} {tuple('any' if n is None else n for n in want.shape)}"
        msg = f"state: {name}: expected {expected}, got {array.dtype} {array.shape}; it is another model's or size's"
        raise StateError(msg)
    if not np.isfinite(array).all():
        msg = f"state: {name}: expected finite numbers, got NaN or infinity; the checkpoint is broken"
        raise StateError(msg)
    return np.array(array, order="C", copy=True)


def refuse_unless(fits: bool, what: str) -> None:
    """Raise StateError saying `what` was expected unless it `fits`."""
    if not fits:
        msg = f"state: expected {what}; the checkpoint is broken or another model's"
        raise StateError(msg)


def with_prefix(parts: Mapping[str, StateDict]) -> StateDict:
    """Several states as one: the array `NAME` of `PART` is called `PART/NAME`."""
    return {f"{owner}/{name}": array for owner, arrays in parts.items() for name, array in arrays.items()}


def part(state: StateView, owner: str) -> StateDict:
    """One of the states that `with_prefix` joined; empty if there is none."""
    prefix = f"{owner}/"
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
