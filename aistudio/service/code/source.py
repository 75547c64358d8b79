"""What a script is told beside the configuration."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """`images`: how many there are to train on. `weights_file`: what a run has found in the weights folder."""

    name: str
    dataset: Path
    splits: Path
    split_name: str
    images: int
    weights_dir: Path | None = None
    weights_file: str | None = None
