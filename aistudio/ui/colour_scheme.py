"""Light or dark, without the cost of NiceGUI's own element."""

from nicegui import ui


class ColourScheme(ui.element, component="colour_scheme.js"):
    """None follows the system."""

    def __init__(self, dark: bool | None) -> None:
        super().__init__()
        self.set(dark)

    def set(self, dark: bool | None) -> None:
        self._props["mode"] = "auto" if dark is None else "dark" if dark else "light"
        self.update()
