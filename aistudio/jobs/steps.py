"""The lines about steps, nearly all there are of a long run, read five times as fast as by the model."""

import msgspec

from aistudio.schema.events import AnyEvent


class Steps(msgspec.Struct, tag_field="event", tag="steps", gc=False):
    """What a line must hold to be a `StepsLogged`; `read` answers only for lines that the model reads the same."""

    time: float
    epoch: int
    step: int
    elapsed: list[float]
    train_loss: list[float | None]
    lr: list[float]


AnyLine = AnyEvent | Steps
_decode = msgspec.json.Decoder(Steps).decode


def read(line: bytes) -> Steps | None:
    """None for everything else, damaged lines included: then the model has the word."""
    try:
        steps = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return steps if len(steps.elapsed) == len(steps.train_loss) == len(steps.lr) else None
