"""Sample data sets: digits that come with a library, and drawn scenes for every kind of annotation."""

from pathlib import Path

import cv2
import numpy as np

from aistudio.engine import scenes
from aistudio.errors import Mismatch
from aistudio.schema.annotation import Kind
from aistudio.store.formats.base import Listing
from aistudio.store.paths import walk_files

SIDE = 32


def draw(sample: str, kind: Kind, folder: Path) -> Listing:
    """Written as files in a format that an importer knows; the same every time."""
    if sample == "digits" and kind == "label":
        digits(folder)
    elif sample == "shapes":
        scenes.write(kind, folder)
    else:
        raise Mismatch(f"There is no sample data set {sample!r} for this task.", "Choose shapes.")
    return Listing.of(folder, walk_files(folder))


def digits(folder: Path) -> None:
    """1,797 handwritten digits of scikit-learn (8×8, 17 greys; Alpaydin and Kaynak, 1998) as 32×32 PNG files."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    for number, (pixels, label) in enumerate(zip(bunch.images, bunch.target, strict=True)):
        file = folder / str(label) / f"{number:04d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        grey = np.clip(pixels * (255 / 16), 0, 255).astype(np.uint8)
        cv2.imwrite(str(file), cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))
