"""The page in PNG, JPEG, BMP, WebP, GIF, HEIC, AVIF and JPEG 2000."""

import io
import itertools
import struct
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import pillow_heif
from PIL import Image

from tests.matrix.bitmap_writer import (
    COLOUR,
    GREY,
    GREY_ALPHA,
    PALETTE,
    Samples,
    bmp,
    png,
)
from tests.matrix.cells import Cell, Page, Plain, Write, squat
from tests.pages import papers

_CHUNKS: Final = {
    "gAMA": struct.pack(">I", 45455), "sRGB": b"\0", "sBIT": b"\5\5\5",
    "bKGD": struct.pack(">HHH", 0, 0, 0), "tIME": bytes([7, 230, 1, 1, 0, 0, 0]),
    "cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
    "PLTE": bytes(range(48)), "tEXt": b"Comment\0none",
}  # fmt: skip
_SHAPES: Final = ((204, 98), (204, 196), (200, 100), (100, 200))
pillow_heif.register_heif_opener()


def by_pillow(form: str, plain: Plain = "colour", **options: Any) -> Write:  # noqa: ANN401 - as Pillow has it
    """Return what writes one of the plain versions as Pillow does."""
    return lambda page: saved(page.plain(plain), form, **options)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:  # noqa: ANN401 - as Pillow has it
    """Return a picture as Pillow saves it."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def deep(image: Image.Image, bits: int) -> Samples:
    """Return (height, width, samples), 0-255 stretched to `bits`."""
    samples = np.asarray(image).astype(np.float64)
    whole = np.round(samples * (((1 << bits) - 1) / 255)).astype(np.int64)
    return whole if whole.ndim == 3 else whole[:, :, np.newaxis]


def alpha(samples: Samples, value: int) -> Samples:
    """Return samples with one more of a value."""
    return np.concatenate([samples, np.full((*samples.shape[:2], 1), value)], axis=2)


def png_of(
    page: Page,
    *,
    plain: Plain,
    bits: int,
    transparency: int | None = None,
    shape: tuple[int, int] = (1, 1),
    **options: Any,  # noqa: ANN401 - of png
) -> bytes:
    """Return a PNG of one of the plain versions, its pixels as oblong as `shape` says."""
    image = page.plain(plain)
    image = image.convert("L") if image.mode == "1" else image
    samples = deep(image if shape == (1, 1) else squat(image, *shape), bits)
    kind = COLOUR if samples.shape[2] > 1 else GREY
    if transparency is not None:
        samples, kind = alpha(samples, transparency), kind + GREY_ALPHA
    return png(samples, bits, kind, **options)


def _png() -> Iterator[Cell]:
    for bits, interlaced in itertools.product((1, 2, 4, 8, 16), (False, True)):
        name = f"{bits} bits{', interlaced' * interlaced}"
        whole = (1 << bits) - 1
        grey: Plain = "grey" if bits > 1 else "bilevel"
        # A value that no sample has, the paper's (so that nothing changes), and one next to it.
        for key in (None, whole) if bits < 16 else (None, whole // 2, whole, whole - 1):
            chunks = [] if key is None else [(b"tRNS", struct.pack(">H", key))]
            write = partial(png_of, plain=grey, bits=bits, interlaced=interlaced, chunks=chunks)
            yield Cell("PNG", f"grey, {name}, transparent {key}", write, plain=grey,
                       tolerance=6.0 if bits == 2 else 1.0,
                       quick=not interlaced and (bits == 16 or key is not None))  # fmt: skip
        if bits >= 8:
            yield from _png_of_colour(bits, name, interlaced=interlaced)
    for bits, interlaced, transparent in itertools.product(
        (1, 2, 4, 8), (False, True), (None, 255, 0)
    ):
        write = partial(png_palette, bits=bits, interlaced=interlaced, transparent=transparent)
        name = f"palette, {bits} bits{', interlaced' * interlaced}, alpha {transparent}"
        yield Cell(
            "PNG",
            name,
            write,
            tolerance={1: 12.0, 2: 8.0}.get(bits, 4.0),
            quick=bits == 8 and not interlaced,
        )
    for name, data in _CHUNKS.items():
        write = partial(png_of, plain="colour", bits=8, chunks=[(name.encode(), data)])
        yield Cell("PNG", f"colour, with {name}", write)
    for shape, unit in itertools.product(_SHAPES, (0, 1)):
        density = [round(value * 39.3701) for value in shape] if unit else shape
        chunks = [(b"pHYs", struct.pack(">IIB", *density, unit))]
        write = partial(png_of, plain="grey", bits=8, shape=shape, chunks=chunks)
        yield Cell("PNG", f"{shape[0]} x {shape[1]}, unit {unit}", write, plain="grey",
                   tolerance=3.0, quick=shape == (204, 98))  # fmt: skip
    yield from _orientations("PNG", "PNG", 1.0)
    yield Cell("PNG", "animated", partial(animated, form="PNG"))


def _png_of_colour(bits: int, name: str, *, interlaced: bool) -> Iterator[Cell]:
    whole = (1 << bits) - 1
    plains: tuple[Plain, ...] = ("grey", "colour")
    for plain, value in itertools.product(plains, (whole, 0)):
        write = partial(png_of, plain=plain, bits=bits, transparency=value, interlaced=interlaced)
        yield Cell("PNG", f"{plain} and alpha {value}, {name}", write, plain=plain,
                   quick=value == 0 and not interlaced)  # fmt: skip
    for keys in (None, (whole // 2, 0, whole)):
        chunks = [] if keys is None else [(b"tRNS", struct.pack(">HHH", *keys))]
        write = partial(png_of, plain="colour", bits=bits, interlaced=interlaced, chunks=chunks)
        yield Cell("PNG", f"colour, {name}, transparent {keys}", write, quick=bits == 16)


def png_palette(page: Page, *, bits: int, interlaced: bool, transparent: int | None) -> bytes:
    """Return a PNG with a palette; `transparent` is the alpha of all its colours."""
    indexed = page.colour.quantize(1 << bits)
    table = indexed.getpalette("RGB") or []
    chunks = [(b"PLTE", bytes(table))]
    if transparent is not None:
        chunks.append((b"tRNS", bytes([transparent]) * (len(table) // 3)))
    return png(
        np.asarray(indexed)[:, :, np.newaxis], bits, PALETTE, interlaced=interlaced, chunks=chunks
    )


def animated(page: Page, form: str, **options: Any) -> bytes:  # noqa: ANN401 - as Pillow has it
    """Return the page as the first frame of two."""
    other = Image.new("RGB", page.colour.size, "black")
    return saved(page.colour, form, save_all=True, append_images=[other], **options)


def turned(page: Page, form: str, orientation: int, **options: Any) -> bytes:  # noqa: ANN401 - as Pillow has it
    """Return the page lying, with the tag of EXIF that says how."""
    block = Image.Exif()
    block[0x0112] = orientation
    return saved(papers.turned(page.colour, orientation), form, exif=block, **options)


def _orientations(container: str, form: str, tolerance: float) -> Iterator[Cell]:
    for orientation in range(1, 9):
        options: dict[str, Any] = {} if form == "PNG" else {"quality": 92}
        write = partial(turned, form=form, orientation=orientation, **options)
        yield Cell(container, f"orientation {orientation}", write, tolerance=tolerance,
                   quick=orientation == 6)  # fmt: skip


def _jpeg() -> Iterator[Cell]:
    for reduced, progressive in itertools.product(("4:4:4", "4:2:2", "4:2:0", "4:1:1"), (0, 1)):
        yield Cell(
            "JPEG",
            f"colours reduced by {reduced}{', progressive' * progressive}",
            by_pillow("JPEG", quality=92, subsampling=reduced, progressive=bool(progressive)),
            tolerance=3.0,
        )
    ways: dict[str, dict[str, Any]] = {
        "RGB": {"keep_rgb": True}, "optimised": {"optimize": True},
        "with restarts": {"restart_marker_blocks": 4}, "with few colours": {"quality": 30},
    }  # fmt: skip
    for name, options in ways.items():
        yield Cell("JPEG", name, by_pillow("JPEG", **{"quality": 92} | options), tolerance=4.0)
    yield Cell("JPEG", "grey", by_pillow("JPEG", "grey", quality=92), plain="grey", tolerance=3.0)
    yield Cell(
        "JPEG",
        "CMYK, as Adobe inverts it",
        lambda page: saved(page.colour.convert("CMYK"), "JPEG", quality=95),
        tolerance=3.0,
    )
    yield Cell(
        "JPEG", "several pictures in one", partial(animated, form="MPO", quality=92), tolerance=3.0
    )
    for shape, unit in itertools.product(_SHAPES, (0, 1, 2)):
        yield Cell(
            "JPEG",
            f"{shape[0]} x {shape[1]}, unit {unit}",
            partial(jpeg_of_shape, shape=shape, unit=unit),
            plain="grey",
            tolerance=3.0,
            quick=shape == (204, 98),
        )
    for shape in _SHAPES:
        write = partial(jpeg_of_exif, shape=shape)
        name = f"{shape[0]} x {shape[1]}, by EXIF"
        yield Cell("JPEG", name, write, plain="grey", tolerance=3.0, quick=shape == (204, 98))
    yield from _orientations("JPEG", "JPEG", 3.0)
    frames = {0xC5: "hierarchical", 0xC3: "lossless JPEG", 0xF7: "JPEG-LS", 0xCB: "lossless"}
    for kind, words in frames.items():
        yield Cell(
            "JPEG",
            f"frame {kind:X}",
            partial(jpeg_of_frame, kind=kind),
            plain="grey",
            refusal=words,
            quick=True,
        )
    yield Cell(
        "JPEG",
        "12 bits",
        partial(jpeg_of_frame, bits=12),
        plain="grey",
        refusal="12 bits",
        quick=True,
    )


def jpeg_of_exif(page: Page, shape: tuple[int, int]) -> bytes:
    """Return a JPEG without the header of JFIF, whose EXIF tells of oblong pixels."""
    block = Image.Exif()
    block[0x011A], block[0x011B], block[0x0128] = *map(float, shape), 2
    data = saved(squat(page.grey, *shape), "JPEG", quality=92, exif=block)
    start = data.index(b"\xff\xe0")
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    return data[:start] + data[start + 2 + length :]


def jpeg_of_shape(page: Page, shape: tuple[int, int], unit: int) -> bytes:
    """Return a JPEG of oblong pixels, as the header of JFIF tells them."""
    data = bytearray(saved(squat(page.grey, *shape), "JPEG", quality=92))
    at = data.index(b"JFIF\0") + 7
    data[at : at + 5] = struct.pack(">BHH", unit, *shape)
    return bytes(data)


def jpeg_of_frame(page: Page, kind: int = 0xC0, bits: int = 8) -> bytes:
    """Return a JPEG that calls itself of another kind."""
    data = bytearray(saved(page.grey, "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = kind, bits
    return bytes(data)


def pixels(image: Image.Image, masks: tuple[int, ...], transparent: int = 0) -> Samples:
    """Return whole pixels: the channels of a picture at the places of the masks."""
    channels = [*np.moveaxis(np.asarray(image).astype(np.float64), 2, 0)]
    channels.append(np.full(channels[0].shape, float(transparent)))
    whole = np.zeros(channels[0].shape, np.uint64)
    for channel, mask in zip(channels, masks, strict=False):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            whole |= np.round(channel / 255 * (mask >> shift)).astype(np.uint64) << np.uint64(shift)
    return whole


_MASKS: Final = {
    "BGRA": (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    "RGBA": (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
    "ABGR": (0xFF000000, 0xFF0000, 0xFF00, 0xFF),
    "BGRX": (0xFF0000, 0xFF00, 0xFF, 0),
    "10 bits": (0x3FF00000, 0xFFC00, 0x3FF, 0),
    "10 bits and 2": (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000),
    "565": (0xF800, 0x7E0, 0x1F, 0),
    "555": (0x7C00, 0x3E0, 0x1F, 0),
    "1555": (0x7C00, 0x3E0, 0x1F, 0x8000),
    "4444": (0xF00, 0xF0, 0xF, 0xF000),
}


def _bmp() -> Iterator[Cell]:
    for header, top_down in itertools.product((12, 40, 52, 56, 64, 108, 124), (False, True)):
        if header > 12 or not top_down:
            yield from _bmp_of_header(header, top_down=top_down)
    for oblong, header in itertools.product(_SHAPES, (40, 124)):
        density = tuple(round(value * 39.3701) for value in oblong)
        write = partial(bmp_colour, bits=24, header=header, density=density, oblong=oblong)
        yield Cell("BMP", f"{oblong[0]} x {oblong[1]}, header of {header}", write,
                   tolerance=3.0, quick=oblong == (204, 98))  # fmt: skip
    yield Cell("BMP", "a gap before the picture", partial(bmp_colour, bits=24, gap=100))
    write = partial(bmp_palette, bits=8, colours=40)
    yield Cell("BMP", "fewer colours than bits allow", write, tolerance=4.0)
    for bits in (8, 4):
        write = partial(bmp_runs, bits=bits)
        yield Cell("BMP", f"run lengths of {bits} bits", write, tolerance=4.0)
    for compression, form in ((4, "JPEG"), (5, "PNG")):
        write = partial(bmp_inside, form=form, compression=compression)
        yield Cell("BMP", f"{form} inside", write, tolerance=4.0, quick=True)
    write = partial(bmp_inside, form="PNG", compression=3, header=64)
    yield Cell("BMP", "the fax coding of OS/2", write, refusal="compression 3", quick=True)


def _bmp_of_header(header: int, *, top_down: bool) -> Iterator[Cell]:
    name = f"header of {header}{', first row first' * top_down}"
    shape: dict[str, Any] = {"header": header, "top_down": top_down}
    for bits in (24,) if header == 12 else (24, 32):
        write = partial(bmp_colour, bits=bits, **shape)
        yield Cell("BMP", f"colour, {bits} bits, {name}", write)
    for bits in (1, 4, 8):
        write = partial(bmp_palette, bits=bits, **shape)
        yield Cell("BMP", f"palette, {bits} bits, {name}", write,
                   tolerance={1: 12.0}.get(bits, 4.0))  # fmt: skip
    for (masks, where), value in itertools.product(_MASKS.items(), (255, 0)):
        if header in {12, 64} or (header < 56 and where[3]):
            continue
        bits = 16 if max(where) <= 0xFFFF else 32
        write = partial(bmp_masks, masks=where, bits=bits, value=value, **shape)
        yield Cell("BMP", f"masks {masks}, alpha {value}, {name}", write,
                   tolerance=5.0 if bits == 16 else 1.0,
                   quick=not top_down and value == 0 and header == 124)  # fmt: skip


def bmp_colour(
    page: Page,
    bits: int,
    oblong: tuple[int, int] = (1, 1),
    **shape: Any,  # noqa: ANN401 - of bmp
) -> bytes:
    """Return a BMP of 24 or 32 bits; the last eight are none of the colours."""
    image = page.colour if oblong == (1, 1) else squat(page.colour, *oblong)
    return bmp(pixels(image, _MASKS["BGRX"]), bits, **shape)


def bmp_inside(page: Page, form: str, compression: int, header: int = 124) -> bytes:
    """Return a BMP that holds another picture."""
    none = np.zeros((page.colour.height, page.colour.width), np.uint64)
    packed = saved(page.colour, form)
    return bmp(none, 0, header=header, compression=compression, packed=packed)


def bmp_palette(page: Page, bits: int, colours: int = 0, **shape: Any) -> bytes:  # noqa: ANN401 - of bmp
    """Return a BMP with a palette."""
    count = colours or 1 << bits
    indexed = page.colour.quantize(count)
    table = np.zeros((count, 3), np.int64)
    taken = np.array(indexed.getpalette("RGB"), np.int64).reshape(-1, 3)
    table[: len(taken)] = taken
    return bmp(np.asarray(indexed).astype(np.uint64), bits, palette=table, **shape)


def bmp_masks(page: Page, masks: tuple[int, ...], bits: int, value: int, **shape: Any) -> bytes:  # noqa: ANN401 - of bmp
    """Return a BMP whose header says where the colours are in a pixel."""
    told = masks if masks[3] or shape["header"] > 40 else masks[:3]
    return bmp(pixels(page.colour, masks, value), bits, compression=3, masks=told, **shape)


def bmp_runs(page: Page, bits: int) -> bytes:
    """Return a BMP of run lengths, each row ended."""
    indexed = page.colour.quantize(1 << bits)
    table = np.array(indexed.getpalette("RGB"), np.int64).reshape(-1, 3)
    out = bytearray()
    for row in np.asarray(indexed)[::-1]:
        for value, run in itertools.groupby(row.tolist()):
            left = len(list(run))
            while left:
                part = min(left, 255)
                out += bytes([part, value if bits == 8 else value * 17])
                left -= part
        out += b"\0\0"
    return bmp(
        np.asarray(indexed).astype(np.uint64),
        bits,
        compression=2 if bits == 4 else 1,
        palette=table,
        packed=bytes(out) + b"\0\1",
    )


def _others() -> Iterator[Cell]:
    for lossless in (False, True):
        yield Cell(
            "WebP",
            f"colour{', lossless' * lossless}",
            by_pillow("WEBP", lossless=lossless, quality=90),
            tolerance=4.0,
        )
        for value in (255, 0):
            yield Cell(
                "WebP",
                f"alpha {value}{', lossless' * lossless}",
                partial(with_alpha, form="WEBP", value=value, lossless=lossless, exact=True),
                tolerance=4.0,
                quick=value == 0,
            )
    yield Cell("WebP", "animated", partial(animated, form="WEBP", quality=90), tolerance=4.0)
    yield from _orientations("WebP", "WEBP", 4.0)
    yield Cell("GIF", "colour", by_pillow("GIF"), tolerance=4.0, quick=True)
    yield Cell(
        "GIF", "grey, interlaced", by_pillow("GIF", "grey", interlace=1), plain="grey", quick=True
    )
    yield Cell("GIF", "bilevel", by_pillow("GIF", "bilevel"), plain="bilevel", quick=True)
    yield Cell("GIF", "animated", partial(animated, form="GIF"), tolerance=4.0, quick=True)
    yield Cell("GIF", "wide pixels", gif_of_wide_pixels, plain="grey", tolerance=3.0, quick=True)
    yield Cell("HEIC", "colour", by_pillow("HEIF", quality=90), tolerance=4.0)
    yield Cell("HEIC", "grey", by_pillow("HEIF", "grey", quality=90), plain="grey", tolerance=4.0)
    yield Cell("HEIC", "alpha 0", partial(with_alpha, form="HEIF", value=0), tolerance=4.0)
    # Odd sides are padded by the encoder, which moves a turned page by a pixel.
    yield from _orientations("HEIC", "HEIF", 8.0)
    for reduced in ("4:4:4", "4:2:0", "4:0:0"):
        yield Cell(
            "AVIF",
            f"colours reduced by {reduced}",
            by_pillow(
                "AVIF", "grey" if reduced == "4:0:0" else "colour", quality=90, subsampling=reduced
            ),
            plain="grey" if reduced == "4:0:0" else "colour",
            tolerance=4.0,
            quick=True,
        )
    yield Cell("AVIF", "alpha 0", partial(with_alpha, form="AVIF", value=0), tolerance=4.0)
    yield Cell("AVIF", "animated", partial(animated, form="AVIF"), tolerance=4.0)
    yield from _orientations("AVIF", "AVIF", 4.0)
    for bare, lossy_ in itertools.product((False, True), (False, True)):
        name = f"{'bare stream' if bare else 'file'}{', lossy' * lossy_}"
        options: dict[str, Any] = {"no_jp2": bare, "irreversible": lossy_}
        if lossy_:
            options |= {"quality_mode": "rates", "quality_layers": [8]}
        yield Cell(
            "JPEG 2000",
            f"colour, {name}",
            by_pillow("JPEG2000", **options),
            tolerance=4.0,
            quick=True,
        )
        yield Cell(
            "JPEG 2000",
            f"grey, {name}",
            by_pillow("JPEG2000", "grey", **options),
            plain="grey",
            tolerance=4.0,
        )
        yield Cell(
            "JPEG 2000",
            f"alpha 0, {name}",
            partial(with_alpha, form="JPEG2000", value=0, **options),
            tolerance=4.0,
        )
        write = partial(jp2_of_16_bits, **options)
        yield Cell("JPEG 2000", f"16 bits, {name}", write, plain="grey", tolerance=4.0)
        yield Cell(
            "JPEG 2000",
            f"tiles, {name}",
            by_pillow("JPEG2000", tile_size=(128, 128), **options),
            tolerance=4.0,
        )


def jp2_of_16_bits(page: Page, **options: Any) -> bytes:  # noqa: ANN401 - as Pillow has it
    """Return a JPEG 2000 of 16 bits."""
    whole = deep(page.grey, 16)[:, :, 0].astype(np.uint16)
    return saved(Image.fromarray(whole), "JPEG2000", **options)


def with_alpha(page: Page, form: str, value: int, **options: Any) -> bytes:  # noqa: ANN401 - as Pillow has it
    """Return the page with one transparency everywhere."""
    image = page.colour.convert("RGBA")
    image.putalpha(value)
    return saved(image, form, **options)


def gif_of_wide_pixels(page: Page) -> bytes:
    """Return a GIF whose header says that pixels are twice as wide as high."""
    data = bytearray(saved(squat(page.grey, 100, 200), "GIF"))
    data[12] = 2 * 64 - 15
    return bytes(data)


CELLS: Final[list[Cell]] = [*_png(), *_jpeg(), *_bmp(), *_others()]
