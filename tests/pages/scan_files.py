"""PDF pages that are one picture, written here as scanners write them."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms, TiffImagePlugin

from tests.pages.papers import encoded, pdf, sheet, stream_object

WIDTH, HEIGHT = 1000, 1400  # 600 x 840 points at 120 dpi
_IMAGE = "/Type/XObject/Subtype/Image"
FULL: Final = "600 0 0 840 0 0"

Picture = tuple[bytes, str, list[bytes]]
"""Data of a picture, keys of its dictionary, and further objects from number 101 on."""


@cache
def colour() -> Image.Image:
    return sheet(WIDTH, HEIGHT)


@cache
def grey() -> Image.Image:
    return colour().convert("L")


@cache
def bilevel() -> Image.Image:
    return grey().point(lambda value: 255 if value > 128 else 0).convert("1")


def scan(
    picture: Picture,
    *,
    matrix: str = FULL,
    before: bytes = b"",
    after: bytes = b"",
    box: str = "0 0 600 840",
    page_keys: str = "",
    resources: str = "",
) -> bytes:
    """A PDF of one page that shows one picture."""
    data, keys, extra = picture
    content = b"q " + before + b" q " + matrix.encode() + b" cm /X Do Q " + after + b" Q"
    uses = f"/XObject<</X 100 0 R>>{resources}"
    picture_object = stream_object(data, _IMAGE + keys)
    return pdf(
        [content], box=box, page_keys=page_keys, resources=uses, extra=[picture_object, *extra]
    )


def keys(image: Image.Image, filter_name: str, space: str, bits: int = 8, more: str = "") -> str:
    size = f"/Width {image.width}/Height {image.height}/BitsPerComponent {bits}"
    return f"{size}/ColorSpace{space}/Filter/{filter_name}{more}"


def jpeg(image: Image.Image | None = None, *, more: str = "", **options: Any) -> Picture:  # noqa: ANN401 - as Pillow has it
    image = colour() if image is None else image
    space = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}[image.mode]
    data = encoded(image, "JPEG", quality=90, **options)
    return data, keys(image, "DCTDecode", space, more=more), []


def jpeg_with_profile(profile: str) -> Picture:
    image = colour()
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = made if profile == "sRGB" else made.replace("sRGB".encode("utf-16-be"), b"\0p\0R\0G\0B")
    space = "[/ICCBased 101 0 R]"
    stream = stream_object(zlib.compress(made), "/N 3/Filter/FlateDecode")
    return encoded(image, "JPEG", quality=90), keys(image, "DCTDecode", space), [stream]


def jpeg2000(image: Image.Image) -> Picture:
    space = {"L": "/DeviceGray", "RGB": "/DeviceRGB"}[image.mode]
    data = encoded(image, "JPEG2000", irreversible=True, quality_layers=[20])
    return data, keys(image, "JPXDecode", space), []


def flate(image: Image.Image, *, more: str = "", space: str = "") -> Picture:
    known = {"1": "/DeviceGray", "L": "/DeviceGray", "RGB": "/DeviceRGB"}
    bits = 1 if image.mode == "1" else 8
    data = zlib.compress(image.tobytes(), 1)
    return data, keys(image, "FlateDecode", space or known[image.mode], bits, more), []


def predicted(image: Image.Image) -> Picture:
    """Rows as PNG packs them, which is what `/Predictor 15` means."""
    colours, bits = {"1": (1, 1), "L": (1, 8), "RGB": (3, 8)}[image.mode]
    png = encoded(image, "PNG")
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        data += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += length + 12
    parms = f"/Predictor 15/Colors {colours}/BitsPerComponent {bits}/Columns {image.width}"
    space = "/DeviceRGB" if colours == 3 else "/DeviceGray"
    return data, keys(image, "FlateDecode", space, bits, f"/DecodeParms<<{parms}>>"), []


def differences(image: Image.Image, bits: int = 8) -> Picture:
    """Rows of differences, which is what `/Predictor 2` means."""
    colours = len(image.getbands())
    samples = np.asarray(image).astype(np.uint32).reshape(image.height, image.width, colours)
    samples = samples * (1 if bits == 8 else 257)
    before = np.zeros_like(samples)
    before[:, 1:] = samples[:, :-1]
    rows = (samples - before).astype(np.uint8 if bits == 8 else ">u2")
    parms = f"/Predictor 2/Colors {colours}/BitsPerComponent {bits}/Columns {image.width}"
    space = "/DeviceRGB" if colours == 3 else "/DeviceGray"
    more = f"/DecodeParms<<{parms}>>"
    return (
        zlib.compress(rows.tobytes()),
        keys(image, "FlateDecode", space, bits, more),
        [],
    )


def above_highest(bits: int) -> Picture:
    """A palette of two colours, white named by samples that are above the highest."""
    highest = (1 << bits) - 1
    samples = np.where(np.asarray(bilevel()), highest, np.asarray(grey()) > 90).astype(np.uint8)
    every = np.unpackbits(samples[:, :, np.newaxis], axis=2)[:, :, -bits:]
    data = np.packbits(every.reshape(HEIGHT, -1), axis=1).tobytes()
    space = "[/Indexed/DeviceRGB 2<000000606060ffffff>]"
    return zlib.compress(data), keys(bilevel(), "FlateDecode", space, bits), []


def indexed() -> Picture:
    image = colour().quantize(16)
    colours = bytes(image.getpalette("RGB") or [])
    space = f"[/Indexed/DeviceRGB {len(colours) // 3 - 1}<{colours.hex()}>]"
    return zlib.compress(image.tobytes()), keys(image, "FlateDecode", space), []


def indexed_bits() -> Picture:
    """Two colours, white first."""
    image = bilevel()
    flipped = bytes(byte ^ 0xFF for byte in image.tobytes())
    space = "[/Indexed/DeviceRGB 1<ffffff1020a0>]"
    return zlib.compress(flipped), keys(image, "FlateDecode", space, 1), []


def group4(*, black_is_1: bool = False, more: str = "", space: str = "/DeviceGray") -> Picture:
    """Group 4 as libtiff packs it; with `black_is_1` and [1 0] it looks the same again."""
    image = bilevel()
    whole = encoded(image, "TIFF", compression="group4", strip_size=1 << 24, tiffinfo={262: 0})
    with Image.open(io.BytesIO(whole)) as file:
        assert isinstance(file, TiffImagePlugin.TiffImageFile)
        (offset,), (count,) = file.tag_v2[273], file.tag_v2[279]
        white_is_0 = file.tag_v2[262] == 0
    flags = f"/BlackIs1 {str(black_is_1).lower()}" if white_is_0 else "/BlackIs1 true"
    decode = "/Decode[1 0]" if black_is_1 and white_is_0 else ""
    parms = f"/DecodeParms<</K -1/Columns {WIDTH}/Rows {HEIGHT}{flags}>>{decode}{more}"
    return whole[offset : offset + count], keys(image, "CCITTFaxDecode", space, 1, parms), []


KINDS: Final[dict[str, Callable[[], Picture]]] = {
    "JPEG": jpeg,
    "JPEG, progressive": lambda: jpeg(progressive=True),
    "JPEG, grey": lambda: jpeg(grey()),
    "JPEG, inverted": lambda: jpeg(grey().point(lambda value: 255 - value), more="/Decode[1 0]"),
    "JPEG, sRGB by profile": lambda: jpeg_with_profile("sRGB"),
    "JPEG, its own orientation": lambda: jpeg(exif=_lying()),
    "JPEG 2000": lambda: jpeg2000(colour()),
    "JPEG 2000, grey": lambda: jpeg2000(grey()),
    "Flate": lambda: flate(colour()),
    "Flate, grey": lambda: flate(grey()),
    "Flate, 1 bit": lambda: flate(bilevel()),
    "Flate, 1 bit, inverted": lambda: flate(_negative(), more="/Decode[1 0]"),
    "Flate as PNG": lambda: predicted(colour()),
    "Flate as PNG, 1 bit": lambda: predicted(bilevel()),
    "palette": indexed,
    "palette of 1 bit": indexed_bits,
    "palette, samples above its highest": lambda: above_highest(8),
    "palette, samples of 4 bits above its highest": lambda: above_highest(4),
    "Flate, differences": lambda: differences(colour()),
    "Flate, differences of grey": lambda: differences(grey()),
    "Group 4": group4,
    "Group 4, inverted": lambda: group4(black_is_1=True),
    "Group 4, palette": lambda: group4(space="[/Indexed/DeviceGray 1<00ff>]"),
}  # fmt: skip


def _negative() -> Image.Image:
    return bilevel().convert("L").point(lambda value: 255 - value).convert("1")


def _lying() -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = 6
    return block
