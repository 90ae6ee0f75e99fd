"""Writes the page as an image of a PDF, packed as the filters of ISO 32000-1, 7.4 prescribe."""

import base64
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from tests.matrix.cells import SIZE
from tests.pages.papers import pdf, stream_object

Samples = NDArray[np.uint64]
"""(height, width, components), each from 0 to 2 to the power of the bits, less one."""
BOX: Final = f"0 0 {SIZE[0]} {SIZE[1]}"
FULL: Final = f"{SIZE[0]} 0 0 {SIZE[1]} 0 0 cm"
_CLEAR, _END = 256, 257  # codes of LZW


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a PDF.

    Attributes:
        data: What its stream holds.
        keys: Its dictionary, but for its type, size and filter.
        filters: Names of its filters, the outermost first.
        parameters: Those of each filter; "" for none.
        extra: Further objects, numbered from 101.
        size: Width and height.
        kind: Its type.
    """

    data: bytes
    keys: str
    filters: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    extra: tuple[bytes, ...] = ()
    size: tuple[int, int] = SIZE
    kind: str = "/Type/XObject/Subtype/Image"

    def packed(self, name: str) -> "Picture":
        """Return it packed once more, by a filter of `PACKINGS`."""
        pack, filter_name, parameters = PACKINGS[name]
        return replace(
            self,
            data=pack(self.data),
            filters=(filter_name, *self.filters),
            parameters=(parameters, *self.parameters),
        )

    def with_keys(self, keys: str, *extra: bytes) -> "Picture":
        """Return it with more in its dictionary, and more objects."""
        return replace(self, keys=self.keys + keys, extra=(*self.extra, *extra))

    def object(self) -> bytes:
        """Return it as an object."""
        return stream_object(self.data, self.kind + self.dictionary())

    def dictionary(self) -> str:
        """Return its dictionary without the brackets."""
        keys = f"/Width {self.size[0]}/Height {self.size[1]}{self.keys}"
        if len(self.filters) == 1:
            parameters = f"/DecodeParms{self.parameters[0]}" if self.parameters[0] else ""
            return f"{keys}/Filter{self.filters[0]}{parameters}"
        if self.filters:
            keys += f"/Filter[{''.join(self.filters)}]"
        if any(self.parameters):
            keys += f"/DecodeParms[{' '.join(one or 'null' for one in self.parameters)}]"
        return keys


@dataclass(frozen=True, slots=True)
class Paper:
    """A page that shows pictures.

    Attributes:
        content: Its content stream; the first picture is `/X`, the further ones are `/X1`, ...
        box: Its media box.
        keys: More of its dictionary.
        resources: More of its resources.
        extra: Further objects, numbered from 150.
    """

    content: str = f"q {FULL} /X Do Q"
    box: str = BOX
    keys: str = ""
    resources: str = ""
    extra: tuple[bytes, ...] = field(default=())

    def showing(self, *pictures: Picture) -> bytes:
        """Return the PDF; only the first picture may bring objects of its own."""
        names = " ".join(
            f"/X{number or ''} {_number(number)} 0 R" for number in range(len(pictures))
        )
        objects = [b"null"] * (80 + len(pictures))
        for number, picture in enumerate(pictures):
            objects[_number(number) - 100] = picture.object()
        objects[1 : 1 + len(pictures[0].extra)] = pictures[0].extra
        objects[50 : 50 + len(self.extra)] = self.extra
        return pdf(
            [self.content.encode("latin-1")],
            box=self.box,
            page_keys=self.keys,
            resources=f"/XObject<<{names}>>{self.resources}",
            extra=objects,
        )


def _number(place: int) -> int:
    return 180 + place if place else 100


def packed_bits(samples: Samples, bits: int) -> bytes:
    """Return samples packed into rows of whole bytes, the first in the highest bits."""
    height = samples.shape[0]
    flat = samples.reshape(height, -1)
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint64)
    every = ((flat[:, :, np.newaxis] >> shifts) & np.uint64(1)).astype(np.uint8)
    return np.packbits(every.reshape(height, -1), axis=1).tobytes()


def raw(samples: Samples, bits: int, space: str, *, more: str = "") -> Picture:
    """Return samples that no filter packs."""
    keys = f"/BitsPerComponent {bits}/ColorSpace{space}{more}"
    return Picture(packed_bits(samples, bits), keys)


def predicted(samples: Samples, bits: int, space: str, predictor: int) -> Picture:
    """Return samples packed by Flate after a predictor: 2 of TIFF, 10 to 15 of PNG."""
    _, width, components = samples.shape
    if predictor == 2:
        rows = _differences(samples, bits)
    else:
        step = max(1, components * bits // 8)
        rows = _filtered(packed_bits(samples, bits), len(samples), step, predictor - 10)
    shape = f"/Colors {components}/BitsPerComponent {bits}/Columns {width}"
    parameters = f"<</Predictor {predictor}{shape}>>"
    keys = f"/BitsPerComponent {bits}/ColorSpace{space}"
    return Picture(zlib.compress(rows), keys, ("/FlateDecode",), (parameters,))


def _differences(samples: Samples, bits: int) -> bytes:
    before = np.zeros_like(samples)
    before[:, 1:] = samples[:, :-1]
    return packed_bits((samples - before) & np.uint64((1 << bits) - 1), bits)


def _filtered(data: bytes, height: int, step: int, kind: int) -> bytes:
    """Filter rows as PNG does (RFC 2083, 6); kind 5 takes another filter for each row."""
    rows = np.frombuffer(data, np.uint8).reshape(height, -1).astype(np.int16)
    out = []
    above = np.zeros_like(rows[0])
    for number, row in enumerate(rows):
        one = number % 5 if kind == 5 else kind
        left, corner = np.zeros_like(row), np.zeros_like(row)
        left[step:], corner[step:] = row[:-step], above[:-step]
        guess = {0: 0 * row, 1: left, 2: above, 3: (left + above) // 2}.get(one)
        if guess is None:
            guess = _paeth(left, above, corner)
        out.append(bytes([one]) + ((row - guess) & 0xFF).astype(np.uint8).tobytes())
        above = row
    return b"".join(out)


def _paeth(
    left: NDArray[np.int16], above: NDArray[np.int16], corner: NDArray[np.int16]
) -> NDArray[np.int16]:
    whole = left + above - corner
    by_left, by_above, by_corner = abs(whole - left), abs(whole - above), abs(whole - corner)
    nearer = np.where(by_above <= by_corner, above, corner)
    return np.where((by_left <= by_above) & (by_left <= by_corner), left, nearer)


def lzw(data: bytes, early: int) -> bytes:
    """Pack by LZW; with `early`, codes become longer one code sooner (7.4.4.2)."""
    table: dict[bytes, int] = {}
    bits, count, width = 0, 0, 9
    out = bytearray()

    def put(code: int) -> None:
        nonlocal bits, count
        bits, count = (bits << width) | code, count + width
        while count >= 8:
            count -= 8
            out.append((bits >> count) & 0xFF)
        bits &= (1 << count) - 1

    put(_CLEAR)
    table = {bytes([value]): value for value in range(256)}
    following, known = 258, b""
    for value in data:
        longer = known + bytes([value])
        if longer in table:
            known = longer
            continue
        put(table[known])
        table[longer] = following
        following += 1
        if following + early > 1 << width and width < 12:
            width += 1
        if following > 4093:
            put(_CLEAR)
            table = {bytes([one]): one for one in range(256)}
            following, width = 258, 9
        known = bytes([value])
    put(table[known])
    following += 1
    if following + early > 1 << width and width < 12:
        width += 1
    put(_END)
    return bytes(out) + bytes([(bits << (8 - count)) & 0xFF] if count else b"")


def run_length(data: bytes) -> bytes:
    """Pack by run lengths (7.4.5)."""
    out, at = bytearray(), 0
    while at < len(data):
        run = 1
        while at + run < len(data) and run < 128 and data[at + run] == data[at]:
            run += 1
        if run > 1:
            out += bytes([257 - run, data[at]])
            at += run
            continue
        end = at + 1
        while end < len(data) and end - at < 128 and data[end - 1] != data[end]:
            end += 1
        out += bytes([end - at - 1]) + data[at:end]
        at = end
    return bytes(out) + b"\x80"


PACKINGS: Final[dict[str, tuple[Callable[[bytes], bytes], str, str]]] = {
    "Flate": (zlib.compress, "/FlateDecode", ""),
    "LZW": (lambda data: lzw(data, 1), "/LZWDecode", ""),
    "LZW, late": (lambda data: lzw(data, 0), "/LZWDecode", "<</EarlyChange 0>>"),
    "run lengths": (run_length, "/RunLengthDecode", ""),
    "base 85": (lambda data: base64.a85encode(data, wrapcol=72) + b"~>", "/ASCII85Decode", ""),
    "hexadecimal": (lambda data: data.hex().encode() + b">", "/ASCIIHexDecode", ""),
}  # fmt: skip


def image_file(image: Image.Image, form: str, filter_name: str, **options: Any) -> Picture:  # noqa: ANN401 - as Pillow has them
    """Return an image that lies in the PDF as the file that Pillow writes."""
    out = io.BytesIO()
    image.save(out, form, **options)
    spaces = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}
    keys = f"/BitsPerComponent 8/ColorSpace{spaces[image.mode]}"
    return Picture(out.getvalue(), keys, (filter_name,), ("",), size=image.size)


def fax(bilevel: Image.Image, compression: str, parameters: str, **tags: int) -> Picture:
    """Return a black and white page as libtiff packs it for fax, black being 1 in the codes.

    Args:
        bilevel: Of mode `1`.
        compression: As Pillow names it.
        parameters: Of the filter, but for the columns.
        tags: `options`, the value of T4Options.
    """
    info = {262: 0, 292: tags["options"]} if tags else {262: 0}
    out = io.BytesIO()
    bilevel.save(out, "TIFF", compression=compression, strip_size=1 << 24, tiffinfo=info)
    with Image.open(io.BytesIO(out.getvalue())) as file:
        assert isinstance(file, TiffImagePlugin.TiffImageFile)
        (offset,), (count,) = file.tag_v2[273], file.tag_v2[279]
        white_is_0 = file.tag_v2[262] == 0
    data = out.getvalue()[offset : offset + count]
    assert white_is_0
    keys = "/BitsPerComponent 1/ColorSpace/DeviceGray"
    columns = f"<</Columns {bilevel.width}{parameters}>>"
    return Picture(data, keys, ("/CCITTFaxDecode",), (columns,), size=bilevel.size)


def jbig2(bilevel: Image.Image, *, shared: bool) -> Picture:
    """Return a page as one generic region of JBIG2, coded as Group 4 is (ITU-T T.88, 6.2.6)."""
    width, height = bilevel.size
    coded = fax(bilevel, "group4", "/K -1").data
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", width, height, 0, 0, 0, 1) + coded
    data = _segment(1, 48, page) + _segment(2, 38, region)
    keys = "/BitsPerComponent 1/ColorSpace/DeviceGray"
    if not shared:
        return Picture(data, keys, ("/JBIG2Decode",), ("",), size=bilevel.size)
    comment = struct.pack(">I", 0x20000000) + b"by\0matrix\0\0"
    common = stream_object(_segment(0, 62, comment, page=0))
    parameters = "<</JBIG2Globals 101 0 R>>"
    return Picture(data, keys, ("/JBIG2Decode",), (parameters,), (common,), bilevel.size)


def _segment(number: int, kind: int, body: bytes, *, page: int = 1) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, page, len(body)) + body
