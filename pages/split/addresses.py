"""Where the images of a split are looked at."""

from urllib.parse import urlencode

from aistudio.schema.project import Subset
from aistudio.schema.split import Split


def browse(pid: str, split: Split, subset: Subset, image: int | None = None) -> str:
    """The Data page with a subset, or with one image of it; a split that is not made yet has only images."""
    query = {"split": split.id, "subset": subset} if split.id else {}
    return f"/projects/{pid}/dataset?{urlencode({**query, **({'image': image} if image else {})})}"


def thumbnail(pid: str, image: int, version: int) -> str:
    return f"/api/projects/{pid}/dataset/images/{image}/thumbnail?version={version}"
