"""The halves that the models' networks are made of, and the one of the predicting autoencoder. Nothing here learns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Channels that tell the network where it is, so that a road and a lawn may differ: row and column, -0.5..0.5.
PLACE = 2
# How much of a negative number the activations let through.
LEAK = 0.1


def encoder(channels: int, width: int, bottleneck: int) -> nn.Sequential:
    """(B, channels, h, w) to (B, bottleneck, h/4, w/4)."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 5, stride=2, padding=2),
        nn.LeakyReLU(LEAK),
        nn.Conv2d(width, bottleneck, 3, stride=2, padding=1),
        nn.LeakyReLU(LEAK),
        nn.Conv2d(bottleneck, bottleneck, 3, padding=1),
        nn.LeakyReLU(LEAK),
    )


def decoder(bottleneck: int, width: int, channels: int) -> nn.Sequential:
    """(B, bottleneck, h/4, w/4) to (B, channels, h, w); newborn, all it says is 0."""
    last = nn.Conv2d(width, 4 * channels, 3, padding=1)
    for parameter in last.parameters():
        nn.init.zeros_(parameter)
    # PixelShuffle (Shi et al., CVPR 2016) instead of transposed convolutions: no checkerboard in the error map.
    return nn.Sequential(
        nn.Conv2d(bottleneck, 4 * width, 3, padding=1),
        nn.PixelShuffle(2),
        nn.LeakyReLU(LEAK),
        last,
        nn.PixelShuffle(2),
    )


def place(height: int, width: int) -> Tensor:
    """(PLACE, height, width): row and column of each cell, -0.5..0.5."""
    rows, columns = torch.meshgrid(torch.arange(height) / height, torch.arange(width) / width, indexing="ij")
    return torch.stack([rows, columns]) - 0.5


class Network(nn.Module):
    """Predicts the newest picture from the ones before it and the place, through a bottleneck at a quarter of the size.

    What it puts out is the change against the last picture known, so that a still scene needs no learning: newborn it
    says that nothing changes, a fair guess until it has learned better.
    """

    def __init__(self, history: int, width: int, bottleneck: int) -> None:
        super().__init__()
        self.encode = encoder(history + PLACE, width, bottleneck)
        self.decode = decoder(bottleneck, width, 1)

    def forward(self, past: Tensor, place: Tensor) -> Tensor:
        """Args: past (B, history, h, w), 0..1, history may be 0; place (B, 2, h, w). Returns (B, 1, h, w)."""
        code = self.encode(torch.cat([past - 0.5, place], dim=1))  # (B, bottleneck, h/4, w/4)
        change: Tensor = self.decode(code)  # (B, 1, h, w)
        return change + past[:, -1:] if past.shape[1] else change
