"""The one place that writes JavaScript with something filled in: numbers only, never text of a user."""

from nicegui import ui


def focus(element: ui.element) -> None:
    """Puts the keyboard on it, once what was changed before has been drawn."""
    ui.run_javascript(f"setTimeout(() => getHtmlElement({element.id:d})?.focus())")


def for_all(tooltip: ui.tooltip, element: ui.element) -> None:
    """A tooltip comes for who arrives with Tab, too, and gets out of the way of whoever types in what it explains."""
    hide = f"() => getElement({tooltip.id:d})?.hide()"
    for event in ("focus", "keydown", "blur"):
        element.on(event, js_handler=hide)

    show = f"setTimeout(() => event.target === document.activeElement && getElement({tooltip.id:d})?.show(), 600)"
    element.on("keyup", js_handler=f"(event) => event.key === 'Tab' && {show}")


_WALK = """(event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const fields = [...event.currentTarget.querySelectorAll('input, [role=menuitem][tabindex]')];
    const seen = fields.filter((one) => one.offsetParent);
    const at = seen.indexOf(document.activeElement);
    seen.at(at < 0 ? Math.min(step, 0) : (at + step) % seen.length)?.focus();
    event.preventDefault();
}"""


def walked_with_arrows(menu: ui.menu) -> None:
    """The arrow keys go from entry to entry of a menu, and to a field for searching, if it has one."""
    menu.on("keydown", js_handler=_WALK)


_PLAIN = """() => setTimeout(() => document.querySelectorAll('[role=listbox] > .q-virtual-scroll__content').forEach(
    (box) => { box.setAttribute('role', 'presentation'); box.removeAttribute('tabindex'); }))"""


def options_for_all(select: ui.select) -> None:
    """Quasar puts a box that can be focused between a list box and its options, which screen readers stumble over."""
    select.on("popup-show", js_handler=_PLAIN)
