"""Knobs of the models that are networks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from detectors.options.base import Options


class NetworkOptions(Options):
    """What the models have in common that learn pieces of grids by gradient steps."""

    width: int = Field(default=16, ge=4, le=256, description="Channels of the first and last layer. Unit: channels.")
    bottleneck: int = Field(default=32, ge=4, le=512, description="Channels at a quarter of the size. Unit: channels.")
    rate: float = Field(default=2e-3, gt=0, le=1, description="Learning rate of Adam. Unit: none.")
    averaging: float = Field(
        default=0.995,
        ge=0,
        lt=1,
        description="Share of the averaged weights, which score, kept at each step. Unit: ratio.",
    )
    crop: int = Field(default=48, ge=8, le=512, description="Side of the pieces it learns from. Unit: grid cells.")
    batch: int = Field(default=6, ge=2, le=256, description="Pieces a step, a third of them new. Unit: pieces.")
    replay: int = Field(default=512, ge=8, le=100_000, description="Pieces kept to learn again. Unit: pieces.")
    renewal: float = Field(
        default=0.002,
        gt=0,
        le=1,
        description="Least chance that a new piece replaces a kept one: how fast the past fades. Unit: ratio.",
    )
    tolerance: float = Field(
        default=8 / 255,
        gt=0,
        le=1e6,
        description="Error at which a cell is half wrong; larger errors hardly count more. Unit: the feature's own.",
    )
    cell: int = Field(
        default=8, ge=1, le=128, description="Side of the squares errors are pooled in. Unit: grid cells."
    )
    top_cells: int = Field(
        default=5, gt=0, le=100_000, description="The value is the mean of this many strangest squares. Unit: squares."
    )
    warmup: int = Field(default=20, gt=0, le=1_000_000, description="No answer before this many. Unit: learned grids.")


class AutoencoderOptions(NetworkOptions):
    """Model: an online convolutional autoencoder that predicts a grid's last channel from the ones before it."""

    kind: Literal["autoencoder"] = "autoencoder"
    pretended: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the pieces it learns into which something strange is put, which it is to leave out of "
        "what it predicts. Unit: ratio.",
    )


class VaeOptions(NetworkOptions):
    """Model: an online variational autoencoder; what it cannot say in few words is strange. Score unit: nepers."""

    kind: Literal["vae"] = "vae"
    latent: int = Field(default=4, ge=1, le=64, description="Numbers told per 4×4 cells. Unit: channels.")
    price: float = Field(
        default=1.0,
        gt=0,
        le=1e3,
        description="What a nat told costs beside a nat of error (β of a β-VAE; 1 is a VAE's own). Unit: ratio.",
    )
    surprise: float = Field(
        default=0.1,
        ge=0,
        le=1e3,
        description="Weight of what had to be told in the score, beside errors. Unit: ratio.",
    )


class GanOptions(NetworkOptions):
    """Model: an online encoder, generator and critic. Score unit: nepers. Never to be a camera's only detector."""

    kind: Literal["gan"] = "gan"
    latent: int = Field(default=4, ge=1, le=64, description="Numbers passed on per 4×4 cells. Unit: channels.")
    likeness: float = Field(
        default=1.0,
        ge=0,
        le=1e3,
        description="Weight in learning of looking alike to the critic, beside errors. Unit: ratio.",
    )
    critic_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share of what the critic sees in the score; the rest is error. Unit: ratio.",
    )
