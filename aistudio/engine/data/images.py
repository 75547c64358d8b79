"""Image files as arrays."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from aistudio.errors import CorruptImage, DatasetMissing

Image = NDArray[np.uint8]


def read_image(path: Path) -> Image:
    """RGB, (height, width, 3), 8 bits, upright as EXIF says. Raises CorruptImage, or DatasetMissing if it is gone."""
    try:
        data = np.fromfile(path, np.uint8)
    except FileNotFoundError:
        raise DatasetMissing(f"The image file {path.name} is gone.") from None
    except OSError as error:
        raise CorruptImage(f"The image file {path.name} cannot be read: {error.strerror}.") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    if image is None:
        raise CorruptImage(f"The file {path.name} is not an image that can be read.")
    return np.asarray(image, np.uint8)
