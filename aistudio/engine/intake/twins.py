"""Images that are the same by their bytes, or look the same by how grey rises and falls in 9 × 9 fields.

Neither another exposure nor another contrast makes a picture another one.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

FEW_BITS = 4
MOST_BITS = 8  # where the shape is the same: a photo that is saved smaller loses some bits of its smooth parts
LEAST_GREY, MOST_GREY = 4, 12
MOST_RANGE = 0.2  # of the darkest to the lightest grey: before an even ground a small object is a faint spot
MOST_SHAPE = 0.2  # of the standard deviation of the greys
SAME_SHAPE = 0.04
LEAST_CONTRAST = 10
CLEAR_CONTRAST = 40  # what is flatter than that is too much alike when its contrast is stretched
BAND_BYTES = ((0, 3), (3, 6), (6, 9), (9, 12), (12, 16))
NEIGHBOURS = 16


def groups(digests: Sequence[str], looks: Sequence[NDArray[np.uint8]]) -> list[int | None]:
    """For each image the place of the first one that looks like it, itself included; None if no other one does."""
    parents = list(range(len(digests)))
    for one, other in [*same(digests), *similar(looks)]:
        first, second = sorted((_root(parents, one), _root(parents, other)))
        parents[second] = first
    roots = [_root(parents, place) for place in range(len(parents))]
    counts = np.bincount(roots, minlength=len(roots)) if roots else np.zeros(0, int)
    return [root if counts[root] > 1 else None for root in roots]


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


def same(digests: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(first, later one) with the same bytes."""
    first: dict[str, int] = {}
    for place, digest in enumerate(digests):
        if first.setdefault(digest, place) != place:
            yield first[digest], place


def similar(looks: Sequence[NDArray[np.uint8]]) -> list[tuple[int, int]]:
    """Pairs whose hashes differ in a few bits and whose greys in a few steps, or only in brightness and contrast.

    Of five bands of the hash one must be equal where at most four bits differ, and mostly is with some more, so that
    not all pairs are compared: each image is with its next neighbours in each band, in the order of their hashes.
    """
    if not looks:
        return []
    greys = np.stack(looks)
    lively = np.flatnonzero(np.ptp(greys.reshape(len(greys), -1), axis=1) >= LEAST_CONTRAST)
    hashes = _hashes(greys[lively])
    found: set[tuple[int, int]] = set()
    for start, end in BAND_BYTES:
        order = np.lexsort([*hashes.T[::-1], *hashes[:, start:end].T[::-1]])
        for step in range(1, NEIGHBOURS + 1):
            found.update(_alike(hashes, greys[lively], order[:-step], order[step:], (start, end)))
    return sorted((int(lively[one]), int(lively[other])) for one, other in found)


def _hashes(greys: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """128 bits each: where grey clearly rises to the right, and where it does downwards (the difference hash)."""
    wide = greys.astype(np.int16)
    right = (wide[:, :8, 1:] - wide[:, :8, :-1]) > 2
    down = (wide[:, 1:, :8] - wide[:, :-1, :8]) > 2
    bits = np.concatenate([right.reshape(len(wide), 64), down.reshape(len(wide), 64)], axis=1)
    return np.packbits(bits, axis=1)


def _alike(
    hashes: NDArray[np.uint8],
    greys: NDArray[np.uint8],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    band: tuple[int, int],
) -> Iterator[tuple[int, int]]:
    start, end = band
    near = np.all(hashes[one, start:end] == hashes[other, start:end], axis=1)
    one, other = one[near], other[near]
    bits = np.bitwise_count(hashes[one] ^ hashes[other]).sum(axis=1)
    close = bits <= MOST_BITS
    one, other, bits = one[close], other[close], bits[close]
    steps = np.abs(greys[one].astype(np.int16) - greys[other]).max(axis=(1, 2), initial=0)
    contrast = np.minimum(np.ptp(greys[one], axis=(1, 2)), np.ptp(greys[other], axis=(1, 2)))
    clear = contrast >= CLEAR_CONTRAST
    shape = np.abs(_standard(greys[one]) - _standard(greys[other])).mean(axis=(1, 2))
    alike = (steps <= np.clip(MOST_RANGE * contrast, LEAST_GREY, MOST_GREY)) | (clear & (shape <= MOST_SHAPE))
    alike = np.where(bits <= FEW_BITS, alike, clear & (shape <= SAME_SHAPE))
    for first, second in zip(one[alike].tolist(), other[alike].tolist(), strict=True):
        yield min(first, second), max(first, second)


def _standard(greys: NDArray[np.uint8]) -> NDArray[np.float32]:
    """With mean 0 and deviation 1, which is what exposure and contrast change; nothing here is without contrast."""
    mean = greys.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return np.asarray((greys - mean) / greys.std(axis=(1, 2), keepdims=True, dtype=np.float32), np.float32)
