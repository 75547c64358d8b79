"""Small real data sets that come with a library, written as image files: what the demo project is made of."""

from pathlib import Path

import cv2
import numpy as np

from aistudio.errors import Mismatch
from aistudio.store.formats.base import Listing
from aistudio.store.paths import walk_files

SIDE = 32


def draw(sample: str, folder: Path) -> Listing:
    if sample != "digits":
        raise Mismatch(f"There is no sample data set {sample!r}.", "Choose digits.")
    return digits(folder)


def digits(folder: Path) -> Listing:
    """1,797 handwritten digits of scikit-learn (8×8, 17 greys; Alpaydin and Kaynak, 1998) as 32×32 PNG files."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    for number, (pixels, label) in enumerate(zip(bunch.images, bunch.target, strict=True)):
        file = folder / str(label) / f"{number:04d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        grey = np.clip(pixels * (255 / 16), 0, 255).astype(np.uint8)
        cv2.imwrite(str(file), cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))
    return Listing.of(folder, walk_files(folder))
