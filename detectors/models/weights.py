"""The weights of one network: what learns, the average that scores, and both as flat vectors. Knows no pictures."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from detectors.base import StateDict, StateView
from detectors.state import Wanted, fitted, refuse_unless

Net = TypeVar("Net", bound=nn.Module)


class Weights(Generic[Net]):
    """A network that learns by Adam (Kingma & Ba 2015), and the exponential average of its weights.

    The average scores, the newest weights only learn (Polyak & Juditsky 1992): the one large effect where learning
    never ends.

    Attributes:
        newest: The network that learns.
        average: Its twin that scores; in evaluation mode, without gradients.
    """

    def __init__(self, network: Net, *, rate: float, averaging: float, name: str = "") -> None:
        """Args: rate: of Adam; averaging: share of the average kept at each step; name: put before the arrays'."""
        self.newest = network
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self._adam = torch.optim.Adam(network.parameters(), lr=rate)
        self._averaging = averaging
        self._name = name
        self._steps = 0

    @property
    def steps(self) -> int:
        """Steps taken."""
        return self._steps

    def begin(self, set_up: Callable[[Net], None]) -> None:
        """Do the same to both networks, before the first step."""
        set_up(self.newest)
        set_up(self.average)

    def step(self, loss: Tensor) -> None:
        """One step down the gradient of a loss that the caller found finite."""
        self._adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        self._adam.step()
        keep = min(self._averaging, 1 - 1 / (self._steps + 2))
        with torch.no_grad():
            for average, newest in zip(self.average.parameters(), self.newest.parameters(), strict=True):
                average.lerp_(newest, 1 - keep)
        self._steps += 1

    def state(self) -> StateDict:
        """`weights`, `average`, `first_moment`, `second_moment` (n,) float32, `steps` int64, each after the name."""
        moments = [self._adam.state.get(p, {}) for p in self.newest.parameters()]
        zeros = [torch.zeros_like(p) for p in self.newest.parameters()]
        arrays: StateDict = {
            "weights": _flat(self.newest.parameters()),
            "average": _flat(self.average.parameters()),
            "first_moment": _flat(m.get("exp_avg", z) for m, z in zip(moments, zeros, strict=True)),
            "second_moment": _flat(m.get("exp_avg_sq", z) for m, z in zip(moments, zeros, strict=True)),
            "steps": np.array(self._steps, np.int64),
        }
        return {self._name + key: array for key, array in arrays.items()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`, passing other arrays over; StateError if it does not fit: throw these weights away."""
        size = sum(p.numel() for p in self.newest.parameters())
        names = ("weights", "average", "first_moment", "second_moment")
        wanted = {self._name + name: Wanted(np.float32, (size,)) for name in names}
        wanted[self._name + "steps"] = Wanted(np.int64)
        new = fitted({key: state[key] for key in wanted if key in state}, wanted)
        self._steps = int(new[self._name + "steps"])
        positive = self._steps >= 0 and bool((new[self._name + "second_moment"] >= 0).all())
        refuse_unless(positive, "steps and mean squares of at least 0")
        _unflat(self.newest.parameters(), new[self._name + "weights"])
        _unflat(self.average.parameters(), new[self._name + "average"])
        for key, name in (("exp_avg", "first_moment"), ("exp_avg_sq", "second_moment")):
            moments = [torch.zeros_like(p) for p in self.newest.parameters()]
            _unflat(moments, new[self._name + name])
            for parameter, moment in zip(self.newest.parameters(), moments, strict=True):
                self._adam.state[parameter][key] = moment
        for parameter in self.newest.parameters():
            self._adam.state[parameter]["step"] = torch.tensor(float(self._steps))


def _flat(tensors: Iterable[Tensor]) -> npt.NDArray[np.float32]:
    return torch.cat([t.detach().cpu().reshape(-1) for t in tensors]).numpy()


def _unflat(tensors: Iterable[Tensor], flat: npt.NDArray[np.generic]) -> None:
    """Copy a flat array, as long as the tensors together, into them in place."""
    at = 0
    with torch.no_grad():
        for target in tensors:
            target.copy_(torch.from_numpy(np.array(flat[at : at + target.numel()])).reshape(target.shape))
            at += target.numel()
