"""Buttons that were pressed and whose work is not done yet."""

from collections.abc import Awaitable, Callable


def once(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """The same, but nothing while it is under way: a second press of the same button means the first one."""
    busy = False

    async def handler() -> None:
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            await work()
        finally:
            busy = False

    return handler
