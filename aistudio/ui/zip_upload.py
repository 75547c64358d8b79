"""A zip file of the user's machine on its way to the server: streamed, with progress, and it can be taken back."""

from collections.abc import Awaitable, Callable

from nicegui import ui


class ZipUpload(ui.element, component="zip_upload.js"):
    """Sends what is chosen or dropped by PUT to `address`. `on_sent` gets the id that the server answers with."""

    def __init__(self, address: str, most: int, on_sent: Callable[[str], Awaitable[None]]) -> None:
        super().__init__()
        self._props["address"] = address
        self._props["most"] = most
        self._props["query"] = {}
        self.on("sent", lambda event: on_sent(str(event.args)))

    def ask(self, **query: str) -> None:
        """What goes along in the address."""
        self._props["query"] = query
        self.update()
