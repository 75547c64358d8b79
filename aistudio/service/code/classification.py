"""The script of an image classifier."""

import math
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aistudio import __version__
from aistudio.schema.portions import Portions
from aistudio.schema.transforms.size import final_size
from aistudio.service.code import parts
from aistudio.service.code.source import Source
from aistudio.service.code.text import call, literal, remark, without_unused
from aistudio.service.code.weights import start
from aistudio.tasks.classification import CLASSIFICATION, ClassificationConfig

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # it becomes Python, whose quoting `py` does
)


def _path(path: Path, name: str) -> str:
    return call("Path", {"*path": literal(str(path))}, 0, f"{name} = ")


TEMPLATES.filters.update(py=literal, remark=remark, path=_path)


def script(config: ClassificationConfig, source: Source) -> str:
    training, gpus = config.training, config.hardware.gpus
    devices = max(len(gpus), 1)
    portions = Portions.of(source.images, training.batch_size, training.batch_multiplier, devices)
    factor = parts.schedule(config.scheduler, "EPOCHS")
    groups = "groups" if config.optimizer.weight_decay else "trained"
    text = TEMPLATES.get_template("classification.py.jinja").render(
        version=__version__,
        source=source,
        config=config,
        training=training,
        model=config.model,
        start=start(config.model, source.weights_dir, source.weights_file),
        size=final_size(config.augmentations.train),
        train=parts.transforms(config.augmentations.train, 8),
        val=parts.transforms(config.augmentations.val, 8),
        loss=parts.loss(config.loss, 8, "self.loss = "),
        optimizer=parts.optimizer(config.optimizer, groups, 8, "optimizer = " if factor else "return "),
        factor=factor,
        gpus=gpus,
        devices=devices,
        left_over=portions.images < math.ceil(source.images / devices),
        precision={"32": "32-true"}.get(config.hardware.precision, config.hardware.precision),
        main=CLASSIFICATION.main_metric,
    )
    return without_unused(text)
