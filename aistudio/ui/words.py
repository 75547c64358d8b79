"""Numbers in words, the same on every page."""


def duration(seconds: float | None) -> str:
    """12m 30s; an empty text if it is not known."""
    if seconds is None:
        return ""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {whole % 60}s" if minutes else f"{whole}s"


def percent(value: float | None, digits: int = 1) -> str:
    """12.3%; what would be rounded to nothing, but is something, is <0.1%."""
    if value is None:
        return "–"
    least = 10 ** -(digits + 2)
    return f"<{least:.{digits}%}" if 0 < value < least else f"{value:.{digits}%}"


def points(value: float) -> str:
    """A difference of two shares, in percentage points with its sign."""
    return f"{100 * value:+.1f} points"


def size(count: float) -> str:
    """Bytes as B, kB, MB, GB."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def sentence(text: str) -> str:
    """With a capital letter: errors of fields begin small, since they follow a title elsewhere."""
    return text[:1].upper() + text[1:]


def counted(number: int, thing: str) -> str:
    """1 image, 2,000 images, 3 classes."""
    plural = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"{number:,} {thing if number == 1 else plural}"
