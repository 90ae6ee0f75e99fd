"""What the dictionary of a picture in a PDF promises of its samples: size, bits and colours.

Stencils, masks, CMYK and colour profiles other than sRGB need a renderer, and are not known here.
"""

from dataclasses import dataclass
from typing import Final

import pikepdf

from docsorter.pages.unpacking import unpacked

_MODES: Final = {"/DeviceGray": "L", "/DeviceRGB": "RGB"}
_COMPONENTS: Final = {"L": 1, "RGB": 3, "P": 1}
_MASKS: Final = ("/Mask", "/SMask", "/OC", "/F")
_MOST_PROFILE: Final = 1 << 16
_SRGB: Final = (b"sRGB", "sRGB".encode("utf-16-be"))
_MOST_COLOURS: Final = 256
_PALETTE_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class Coded:
    """What the dictionary of a picture promises of its samples.

    Attributes:
        width: Samples of a row.
        height: Rows.
        bits: Of a sample.
        mode: `L`, `RGB` or `P`.
        inverted: Whether its greatest sample stands for black.
        colours: Red, green and blue of each value, for `P`.
        parameters: Of its filter.
    """

    width: int
    height: int
    bits: int
    mode: str
    inverted: bool
    colours: bytes
    parameters: pikepdf.Dictionary

    @property
    def components(self) -> int:
        """Samples of a pixel."""
        return _COMPONENTS[self.mode]


def promised(
    stream: pikepdf.Stream, parameters: pikepdf.Dictionary, *, jpeg2000: bool
) -> Coded | None:
    """Read the dictionary of a picture.

    Args:
        stream: The picture.
        parameters: Of its filter.
        jpeg2000: Whether the codestream says itself how many bits a sample has.

    Returns:
        None when there is more to it than plain samples, or something is unknown or odd.
    """
    if any(key in stream for key in _MASKS) or stream.get("/ImageMask", False):
        return None
    width, height = int(stream.Width), int(stream.Height)
    bits = 8 if jpeg2000 else int(stream.get("/BitsPerComponent", 0))
    space = stream.get("/ColorSpace")
    if jpeg2000 and (space is None or "/SMaskInData" in stream):
        return None
    known = _space(space)
    if known is None or min(width, height) < 1:
        return None
    mode, colours = known
    inverted = _is_inverted(stream.get("/Decode"), mode)
    if inverted is None:
        return None
    return Coded(width, height, bits, mode, inverted, colours, parameters)


def _space(space: object) -> tuple[str, bytes] | None:
    """Return the mode and the palette of a colour space that is known here."""
    if isinstance(space, pikepdf.Name):
        mode = _MODES.get(str(space))
        return (mode, b"") if mode else None
    if not isinstance(space, pikepdf.Array) or not len(space):
        return None
    if len(space) == 1:
        return _space(space[0])
    if space[0] == "/ICCBased":
        return _space_of_profile(space[1])
    if space[0] == "/Indexed" and len(space) == 4:  # noqa: PLR2004 -- name, base, highest, table
        return _indexed(space)
    return None


def _space_of_profile(profile: pikepdf.Object) -> tuple[str, bytes] | None:
    """Take sRGB for what the screen shows; other profiles need a colour engine."""
    data = unpacked(profile, _MOST_PROFILE)
    if data is None or profile.get("/N") != _COMPONENTS["RGB"]:
        return None
    return ("RGB", b"") if any(name in data for name in _SRGB) else None


def _indexed(space: pikepdf.Array) -> tuple[str, bytes] | None:
    base = _space(space[1])
    table = space[3]
    colours = unpacked(table, 1 << 10) if isinstance(table, pikepdf.Stream) else bytes(table)
    count = int(space[2]) + 1
    if base is None or base[0] == "P" or colours is None or not 1 <= count <= _MOST_COLOURS:
        return None
    if base[0] == "L":
        colours = bytes(value for value in colours for _ in range(_PALETTE_BYTES))
    if len(colours) < count * _PALETTE_BYTES:
        return None
    return "P", colours[: count * _PALETTE_BYTES]


def _is_inverted(decode: object, mode: str) -> bool | None:
    """Whether the range of the samples is turned round; None when it is another one."""
    if decode is None:
        return False
    if mode == "P" or not isinstance(decode, pikepdf.Array):
        return None
    ends = [float(str(end)) for end in decode]
    if ends == [0, 1] * _COMPONENTS[mode]:
        return False
    return True if ends == [1, 0] * _COMPONENTS[mode] else None
