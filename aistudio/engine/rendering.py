"""A process that draws files anew for browsers: a request a line comes in, an answer a line goes out. No torch."""

import json
import resource
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from aistudio.engine.intake import pictures
from aistudio.engine.intake.masks import UnreadableMask, decode

MEMORY = 4 * 2**30
MOST_SIDE = 8192
OPTIONS = {".png": [cv2.IMWRITE_PNG_COMPRESSION, 3], ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95]}


def image(path: Path) -> NDArray[np.uint8] | str:
    """As training sees it: the first frame, upright, 8 bits, no larger than browsers take. A text says why not."""
    pixels = pictures.whole(path)
    if isinstance(pixels, str) or max(pixels.shape) <= MOST_SIDE:
        return pixels
    scale = MOST_SIDE / max(pixels.shape)
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def mask(path: Path) -> NDArray[np.uint8] | str:
    """Numbers of 16 bits, which browsers cut off, as colours: red has the lower 8 bits, green the upper ones."""
    try:
        numbers = decode(path)
    except UnreadableMask as error:
        return str(error)
    return np.dstack([np.zeros_like(numbers), numbers >> 8, numbers & 255]).astype(np.uint8)


WAYS: dict[str, Callable[[Path], NDArray[np.uint8] | str]] = {"image": image, "mask": mask}


def answer(way: str, source: Path, target: Path) -> str | None:
    """Writes it whole or not at all. What is wrong, if it cannot be drawn."""
    try:
        pixels = WAYS[way](source)
        if isinstance(pixels, str):
            return pixels
        part = target.with_name(f"part-{target.name}")
        pictures.save(part, pixels, OPTIONS[target.suffix])
        part.replace(target)
    except (MemoryError, cv2.error):
        return "takes too much memory"
    except OSError as error:
        return f"cannot be drawn: {error.strerror}"
    return None


def serve(idle: float, longest: float) -> None:
    """Until nobody is left who asks, or nobody asked for `idle` seconds.

    Whoever asks ends a process that is too slow; if he was killed, the kernel does it after `longest` seconds.
    """
    while select.select([sys.stdin], [], [], idle)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, longest)  # not a thread: libraries keep others waiting while they decode
        said = answer(request["way"], Path(request["source"]), Path(request["target"]))
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.buffer.write(json.dumps({"error": said}).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    cv2.setNumThreads(1)
    serve(float(sys.argv[1]), float(sys.argv[2]))
