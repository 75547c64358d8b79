"""What fields report while they are filled is what they were told, so nobody needs to hear it."""

from types import TracebackType


class Quiet:
    """`with quiet:` around the filling; whoever hears a report asks `quiet.on` first."""

    def __init__(self) -> None:
        self.on = False

    def __enter__(self) -> None:
        self.on = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.on = False
