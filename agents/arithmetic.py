"""In what numbers, and where, networks compute: the same results up to rounding, at other speeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Parameters and what is summed over batches are float32 in any case."""

    bfloat16: bool = False
    """Encode images with products of bfloat16 numbers, summed in float32."""
    acting: bool = False
    """The network never learns: with bfloat16 its encoder keeps its weights rounded, and not anew for every batch."""
    channels_last: bool = True
    """Keep the channels of a pixel together in memory: about twice as fast on CPUs."""
    fused: bool = True
    """Step all parameters in one loop over them, not operation by operation."""
    device: str = "cpu"
    threads: int = 1
    """Of the learner, each with a share of every batch."""

    def inputs(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, channels, height, width) uint8 -> the same in 0 to 1, as the encoder takes them."""
        images = observations.to(self.device)
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)  # before conversion: fewer bytes to move
        return images.to(torch.bfloat16 if self.bfloat16 else torch.float32) / 255.0

    @contextmanager
    def encoding(self) -> Iterator[None]:
        """The precision in which layers within compute."""
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16 and not self.acting):
            yield

    @property
    def encoder_weights(self) -> torch.dtype:
        """What the encoder keeps its parameters as; rounding them beforehand changes no bit of what it computes."""
        return torch.bfloat16 if self.bfloat16 and self.acting else torch.float32


PLAIN = Arithmetic(channels_last=False, fused=False)
"""As PyTorch computes when told nothing: what other programs do, to the last bit."""


def choose_arithmetic(precision: str, device: str, images: bool) -> Arithmetic:
    """What the settings ``precision`` and ``device`` mean on this machine; auto is the fastest of each.

    On the CPU with as many threads as PyTorch has been given. Raises ValueError for a device that is not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device cuda: PyTorch finds no usable CUDA GPU here; use cpu or auto")
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    threads = torch.get_num_threads() if place == "cpu" else 1
    bfloat16 = images and _computes_bfloat16(place) if precision == "auto" else precision == "bfloat16"
    return Arithmetic(bfloat16, device=place, threads=threads)


def _computes_bfloat16(device: str) -> bool:
    """Whether the processor multiplies bfloat16 itself; PyTorch emulates it elsewhere, slower than float32."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
