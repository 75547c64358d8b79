"""Names, numbers and lines as sources have them: whatever stands there, it is text that can be kept and compared."""

import codecs
import json
import unicodedata

from aistudio.errors import ImportRefused


def text(name: str) -> str:
    """Text that can be stored and sent: halves of characters, and bytes that are not UTF-8, become question marks."""
    return name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def class_name(given: str) -> str:
    """A name for a class as sources have it, no longer than any real one."""
    return text(given.strip())[:200]


def folder_of(name: str) -> str:
    return name.rpartition("/")[0]


def base_of(name: str) -> str:
    return name.rpartition("/")[2]


def composed(name: str) -> str:
    """An accented letter may be one character or two; macOS and others disagree."""
    return unicodedata.normalize("NFC", name)


def stem_of(name: str) -> str:
    """To compare names by, whatever they end with."""
    return composed(base_of(name).rpartition(".")[0] or base_of(name))


def safe_name(name: str, source: str, line: int | None = None) -> str:
    """A file name that a source mentions, with forward slashes. Raises ImportRefused if it leads out of the folder."""
    plain = name.strip().replace("\\", "/")
    parts = plain.split("/")
    if not plain or plain.startswith("/") or ".." in parts or "\0" in plain or (len(plain) > 1 and plain[1] == ":"):
        where = f"{text(source)} line {line}" if line is not None else text(source)
        raise ImportRefused(
            f"{where} names the file {name[:200]!r}, which leads out of the imported folder.",
            "Give names relative to the folder, without .. and drive letters.",
        )
    return "/".join(part for part in parts if part not in ("", "."))


def whole_number(given: str) -> int | None:
    """None if it is none."""
    try:
        return int(given)
    except ValueError:
        return None


def number(given: object) -> float | None:
    """A finite number; None for anything else."""
    try:
        value = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return value if abs(value) < 1e15 and value == value else None


def decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:2]:  # without its mark; no text begins with a letter that has both bytes
        return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le", "replace")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data)  # the last letter may be cut in two
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # which is never wrong


def json_utf8(data: bytes) -> bytes:
    """Whatever JSON may be written in."""
    coding = json.detect_encoding(data)
    if coding == "utf-8":
        return data
    return data.decode(coding, "replace").lstrip("\ufeff").encode("utf-8", "replace")


def lines_of(content: str) -> list[str]:
    """Not by str.splitlines, which also breaks lines at characters that stand in names, such as U+2028."""
    return content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
