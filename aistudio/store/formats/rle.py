"""Run-length codes of masks as COCO writes them: lengths of runs down the columns, or those as a text.

Own code, because pycocotools reads beyond the end of a text that was made to mislead it.
"""

from collections.abc import Sequence
from itertools import accumulate


def counts_of(code: str) -> list[int] | None:
    """Lengths of the runs of 0 and 1 in turn, from the compressed text; None if it is none."""
    counts: list[int] = []
    value, shift, more = 0, 0, False
    for character in code:
        part = ord(character) - 48
        if not 0 <= part < 64 or shift > 60:
            return None
        value |= (part & 31) << shift
        shift += 5
        more = bool(part & 32)
        if not more:
            if part & 16:
                value -= 1 << shift
            if len(counts) > 2:
                value += counts[-2]
            counts.append(value)
            value, shift = 0, 0
    return None if more or any(count < 0 for count in counts) else counts


def code_of(counts: Sequence[int]) -> str:
    """The compressed text: each length less the one before the last, five bits a character."""
    characters: list[str] = []
    for number, count in enumerate(counts):
        value = count - counts[number - 2] if number > 2 else count
        more = True
        while more:
            part = value & 31
            value >>= 5
            more = value != (-1 if part & 16 else 0)
            characters.append(chr((part | (32 if more else 0)) + 48))
    return "".join(characters)


def box_of(counts: Sequence[int], height: int) -> tuple[float, float, float, float] | None:
    """Left, top, width, height of what is set; None if nothing is."""
    ends = list(accumulate(counts))
    runs = [(end - count, end - 1) for end, count in zip(ends[1::2], counts[1::2], strict=False) if count]
    if not runs:
        return None
    left, right = runs[0][0] // height, runs[-1][1] // height
    whole = any(first // height != last // height for first, last in runs)
    top = 0 if whole else min(first % height for first, _ in runs)
    bottom = height - 1 if whole else max(last % height for _, last in runs)
    return float(left), float(top), float(right - left + 1), float(bottom - top + 1)
