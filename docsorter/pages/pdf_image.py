"""An image inside a PDF, decoded as it lies in the file and at a reduced scale.

Only what scanners write is decoded here: None for stencils, masks, CMYK and colour profiles other
than sRGB, which poppler renders, and for JBIG2, which no library that Pillow carries reads.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pikepdf
from PIL import Image, ImageOps, Jpeg2KImagePlugin

from docsorter.pages.fit import flatten, reduced
from docsorter.pages.images import PageRequest, open_image
from docsorter.pages.pdf_structure import filter_of, unpacked

_MODES: Final = {"/DeviceGray": "L", "/DeviceRGB": "RGB"}
_COMPONENTS: Final = {"L": 1, "RGB": 3, "P": 1}
_MASKS: Final = ("/Mask", "/SMask", "/OC", "/F")
_MOST_PROFILE: Final = 1 << 16
_SRGB: Final = (b"sRGB", "sRGB".encode("utf-16-be"))
_PROFILES: Final = {b"GRAY": "L", b"RGB ": "RGB"}
_MOST_COLOURS: Final = 256
_PALETTE_BYTES: Final = 3
_LONG: Final = 4  # a field type of TIFF 6.0, section 2
_GROUP_4, _DEFLATE = 4, 8  # Compression
_END: Final = "000000000001" * 2  # two ends of line end a page of Group 4 (ITU-T T.6)
_TAIL: Final = 512
_BLACK_IS_0, _BLACK_IS_1, _COLOUR = 1, 0, 2  # PhotometricInterpretation
_BAND: Final = 1 << 22  # bytes unpacked at a time: a sheet is never whole in memory
_TIFF_PREDICTOR: Final = 2
_LEAST_PNG_PREDICTOR: Final = 10
_WHOLE_BYTES: Final = (8, 16)
_REDUCIBLE: Final = frozenset({"1", "P", "L", "RGB"})
_PNG_COLOURS: Final = {"L": 0, "RGB": 2, "P": 3}
_BITS: Final = {"L": (1, 8), "RGB": (8,), "P": (1, 2, 4, 8)}
_PALETTES: Final = {b"\0\0\0\xff\xff\xff": False, b"\xff\xff\xff\0\0\0": True}
"""Palettes that are black and white, and whether the first colour is white."""

# Named so that importing this module loads the plug-in before the first fork.
PLUGINS: Final = (Jpeg2KImagePlugin,)


def decode_image(stream: pikepdf.Stream, wanted: PageRequest, pixels: int) -> Image.Image | None:
    """Decode an image of a PDF.

    Args:
        stream: The image.
        wanted: Says how many pixels are too many.
        pixels: Longest side of the whole image that is of use.

    Returns:
        It in mode `L` or `RGB`, no smaller than what is of use, its rows from the top; None when
        it is of a kind that is not known here.

    Raises:
        DocumentError: Its header claims too many pixels.
        Exception: Whatever Pillow and pikepdf raise over broken bytes.
    """
    packing = filter_of(stream)
    decode = None if packing is None else _DECODERS.get(packing[0])
    if packing is None or decode is None:
        return None
    spec = _image_spec(stream, packing[1], jpeg2000=packing[0] == "/JPXDecode")
    if spec is None or spec.width * spec.height > wanted.max_pixels:
        return None
    factor = max(1, max(spec.width, spec.height) // max(1, pixels))
    decoded = decode(stream.read_raw_bytes(), spec, wanted, factor)
    if decoded is None:
        return None
    return ImageOps.invert(decoded) if spec.inverted else decoded


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """What the dictionary of an image says of its samples.

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


def _image_spec(
    stream: pikepdf.Stream, parameters: pikepdf.Dictionary, *, jpeg2000: bool
) -> ImageSpec | None:
    """Read the dictionary of an image.

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
    if mode == "P":  # a sample above the highest has the colour of the highest, as poppler has it
        colours += colours[-_PALETTE_BYTES:] * ((1 << bits) - len(colours) // _PALETTE_BYTES)
    inverted = _is_inverted(stream.get("/Decode"), mode)
    if inverted is None:
        return None
    return ImageSpec(width, height, bits, mode, inverted, colours, parameters)


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
    """Take sRGB for what the screen shows; other profiles need a colour engine.

    A profile that is of another number of colours than its dictionary says is believed (ICC.1:2010,
    table 19): poppler takes the samples for those of other colours then, or draws nothing.
    """
    data = unpacked(profile, _MOST_PROFILE)
    if data is None:
        return None
    mode = _PROFILES.get(data[16:20])
    if mode and profile.get("/N") != _COMPONENTS[mode]:
        return mode, b""
    return ("RGB", b"") if mode == "RGB" and any(name in data for name in _SRGB) else None


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


def _group4(data: bytes, spec: ImageSpec, wanted: PageRequest, factor: int) -> Image.Image | None:
    """Decode an image packed by CCITTFaxDecode; None for other kinds of fax than Group 4."""
    parameters = spec.parameters
    columns = int(parameters.get("/Columns", 1728))
    plain = int(parameters.get("/K", 0)) < 0 and not parameters.get("/EncodedByteAlign", False)
    if not plain or columns != spec.width or spec.bits != 1 or spec.mode == "RGB":
        return None
    if not _is_whole(data):
        return None
    black_is_1 = bool(parameters.get("/BlackIs1", False))
    if spec.mode == "P":
        if spec.colours not in _PALETTES:
            return None
        black_is_1 ^= _PALETTES[spec.colours]
    photometric = _BLACK_IS_0 if black_is_1 else _BLACK_IS_1
    tiff = _tiff(data, spec, compression=_GROUP_4, photometric=photometric)
    return _loaded(tiff, "TIFF", wanted, factor)


def _is_whole(data: bytes) -> bool:
    """Whether the page's end is there: of one cut off, libtiff and poppler make different things.

    The mark need not start with a byte, and writers leave a few bytes of nothing behind it.
    """
    tail = data[-_TAIL:]
    return _END in f"{int.from_bytes(tail, 'big'):0{len(tail) * 8}b}"


def _tiff(data: bytes, spec: ImageSpec, **tags: int) -> bytes:
    """Return the data as a TIFF of one strip.

    Args:
        data: The packed samples.
        spec: What they are.
        tags: Compression, photometric interpretation and predictor.
    """
    values = {
        256: spec.width,
        257: spec.height,
        258: spec.bits,
        259: tags["compression"],
        262: tags["photometric"],
        273: 0,  # offset of the strip, set below
        277: spec.components,
        278: spec.height,  # rows per strip
        279: len(data),
        317: tags.get("predictor", 1),
    }
    values[273] = 8 + 2 + 12 * len(values) + 4
    directory = b"".join(struct.pack(">HHII", tag, _LONG, 1, values[tag]) for tag in values)
    return struct.pack(">2sHIH", b"MM", 42, 8, len(values)) + directory + bytes(4) + data


def _flate(data: bytes, spec: ImageSpec, wanted: PageRequest, factor: int) -> Image.Image | None:
    """Decode an image packed by FlateDecode; None for odd depths."""
    predictor = int(spec.parameters.get("/Predictor", 1))
    if predictor == 1:
        return _rows(data, spec, factor) if spec.bits in _BITS[spec.mode] else None
    if _row_shape(spec) != (
        int(spec.parameters.get("/Columns", 1)),
        int(spec.parameters.get("/Colors", 1)),
        int(spec.parameters.get("/BitsPerComponent", 8)),
    ):
        return None
    if predictor >= _LEAST_PNG_PREDICTOR and spec.bits in _BITS[spec.mode]:
        return _loaded(_png(data, spec), "PNG", wanted, factor)
    if predictor == _TIFF_PREDICTOR and spec.bits in _WHOLE_BYTES and spec.mode != "P":
        photometric = _COLOUR if spec.mode == "RGB" else _BLACK_IS_0
        shape = {"compression": _DEFLATE, "photometric": photometric, "predictor": predictor}
        return _loaded(_tiff(data, spec, **shape), "TIFF", wanted, factor)
    return None


def _loaded(file: bytes, form: str, wanted: PageRequest, factor: int) -> Image.Image:
    image = open_image(io.BytesIO(file), form, wanted)
    image.load()
    return reduced(image if image.mode in _REDUCIBLE else flatten(image), (factor, factor))


def _row_shape(spec: ImageSpec) -> tuple[int, int, int]:
    return spec.width, spec.components, spec.bits


def _rows(data: bytes, spec: ImageSpec, factor: int) -> Image.Image | None:
    """Unpack and reduce band by band, each a multiple of the factor high."""
    stride = (spec.width * spec.components * spec.bits + 7) // 8
    high = max(1, _BAND // stride // factor) * factor
    whole: Image.Image | None = None
    unpacking = zlib.decompressobj()
    for top in range(0, spec.height, high):
        rows = min(high, spec.height - top)
        samples = unpacking.decompress(data, rows * stride)
        data = unpacking.unconsumed_tail
        if len(samples) != rows * stride:
            return None
        band = reduced(_band(samples, spec, rows), (factor, factor))
        if whole is None:
            whole = Image.new(band.mode, (band.width, -(-spec.height // factor)))
        whole.paste(band, (0, top // factor))
    return whole


def _band(samples: bytes, spec: ImageSpec, rows: int) -> Image.Image:
    size = spec.width, rows
    if spec.mode == "P":
        layout = "P" if spec.bits == 8 else f"P;{spec.bits}"  # noqa: PLR2004
        band = Image.frombytes("P", size, samples, "raw", layout)
        band.putpalette(spec.colours)
        return band
    mode = "1" if spec.bits == 1 else spec.mode
    return Image.frombytes(mode, size, samples)


def _png(data: bytes, spec: ImageSpec) -> bytes:
    """Return the data as a PNG, whose rows are packed in the same way (ISO 32000-1, 7.4.4.4)."""
    colour = _PNG_COLOURS[spec.mode]
    header = struct.pack(">IIBBBBB", spec.width, spec.height, spec.bits, colour, 0, 0, 0)
    palette = _chunk(b"PLTE", spec.colours) if spec.mode == "P" else b""
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            palette,
            _chunk(b"IDAT", data),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def _jpeg(data: bytes, spec: ImageSpec, wanted: PageRequest, factor: int) -> Image.Image | None:
    """Decode an image packed by DCTDecode: it says itself how large it is and in which colours.

    Where the dictionary says otherwise, poppler shears it.
    """
    if len(spec.parameters) or spec.bits != 8:  # noqa: PLR2004
        return None
    image = open_image(io.BytesIO(data), "JPEG", wanted)
    if image.mode not in _MODES.values() or spec.mode == "P":
        return None
    factor = _of_its_own(image, spec, factor)
    image.draft(None, (image.width // factor, image.height // factor))
    image.load()
    return image


def _jpeg2000(data: bytes, spec: ImageSpec, wanted: PageRequest, factor: int) -> Image.Image | None:
    """Decode an image packed by JPXDecode, which says of itself what a JPEG says."""
    image = open_image(io.BytesIO(data), "JPEG2000", wanted)
    if image.mode not in _MODES.values() or spec.mode == "P":
        return None
    # Each level of the wavelet halves the image; what levels there are, the decoder knows.
    image.reduce = _of_its_own(image, spec, factor).bit_length() - 1  # type: ignore[method-assign,assignment]
    image.load()
    return image


def _of_its_own(image: Image.Image, spec: ImageSpec, factor: int) -> int:
    """Return by how much an image of another size than promised is reduced."""
    return max(1, factor * max(image.size) // max(spec.width, spec.height))


_DECODERS: Final[dict[str, Callable[[bytes, ImageSpec, PageRequest, int], Image.Image | None]]] = {
    "/DCTDecode": _jpeg,
    "/JPXDecode": _jpeg2000,
    "/CCITTFaxDecode": _group4,
    "/FlateDecode": _flate,
}
