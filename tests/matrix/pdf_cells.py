"""The page in a PDF: how its image is packed, its colours, and the mask it is seen through."""

import io
import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageChops, ImageCms

from docsorter.documents import ReasonCode
from tests.matrix.cells import SIZE, Cell, Page, Plain
from tests.matrix.pdf_writer import (
    FULL,
    PACKINGS,
    Paper,
    Picture,
    Samples,
    fax,
    image_file,
    jbig2,
    packed_bits,
    predicted,
    raw,
)
from tests.pages.papers import stream_object

Draw = Callable[[Page], Picture]
Kind = Literal["colour", "grey", "bilevel"]
_WIDTH, _HEIGHT = SIZE
_DEVICE: Final = {"colour": "/DeviceRGB", "grey": "/DeviceGray", "bilevel": "/DeviceGray"}
_BLACK_AND_WHITE: Final = "[/Indexed/DeviceRGB 1<000000ffffff>]"
_WHITE_AND_BLACK: Final = "[/Indexed/DeviceRGB 1<ffffff000000>]"
_WHITE_POINT: Final = "/WhitePoint[0.9505 1 1.089]"
_SRGB_MATRIX: Final = (
    "/Gamma[2.2 2.2 2.2]/Matrix[0.4124 0.2126 0.0193 0.3576 0.7152 0.1192 0.1805 0.0722 0.9505]"
)
# Two and four bits leave few levels of grey: the paper itself changes.
_COARSE: Final = {1: 2.0, 2: 14.0, 4: 4.0, 8: 1.0, 16: 1.0}
_NOTHING: Final = "nothing on page 1 can be drawn"
_LOSSY: Final = 3.0


def cell(
    name: str,
    draw: Draw,
    plain: Plain = "colour",
    tolerance: float = 1.0,
    *,
    paper: Paper | None = None,
    refusal: str = "",
    quick: bool = False,
) -> Cell:
    """Return a cell whose page shows one picture; what is refused is damaged."""
    return Cell(
        "PDF",
        name,
        lambda page: (paper or Paper()).showing(draw(page)),
        plain=plain,
        refusal=refusal,
        code=ReasonCode.DAMAGED,
        quick=quick,
        tolerance=tolerance,
    )


def samples_of(page: Page, kind: Kind, bits: int = 8, *, inverted: bool = False) -> Samples:
    """Return the page in samples of so many bits."""
    highest = (1 << bits) - 1
    if kind == "bilevel":
        values = np.asarray(page.bilevel).astype(np.float64) * highest
    else:
        values = np.asarray(page.plain(kind)).astype(np.float64) * (highest / 255)
    samples = np.round(values).astype(np.uint64).reshape(_HEIGHT, _WIDTH, -1)
    return np.uint64(highest) - samples if inverted else samples


def sampled(
    page: Page,
    *,
    kind: Kind,
    bits: int = 8,
    space: str = "",
    more: str = "",
    inverted: bool = False,
    packings: tuple[str, ...] = ("Flate",),
    extra: tuple[bytes, ...] = (),
) -> Picture:
    """Return the page as plain samples, packed by filters one after the other."""
    samples = samples_of(page, kind, bits, inverted=inverted)
    picture = raw(samples, bits, space or _DEVICE[kind], more=more).with_keys("", *extra)
    return packed(picture, *packings)


def packed(picture: Picture, *packings: str) -> Picture:
    """Return a picture packed by filters one after the other."""
    for packing in packings:
        picture = picture.packed(packing)
    return picture


def _depths() -> Iterator[Cell]:
    kinds: tuple[tuple[Kind, Plain], ...] = (("colour", "colour"), ("grey", "grey"))
    every: tuple[tuple[str, ...], ...] = ((), *((packing,) for packing in PACKINGS))
    for (kind, plain), bits, packings in itertools.product(kinds, (2, 4, 8, 16), every):
        name = f"{kind}, {bits} bits, {''.join(packings) or 'raw'}"
        draw = partial(sampled, kind=kind, bits=bits, packings=packings)
        quick = name == "colour, 16 bits, Flate"
        yield cell(name, draw, plain, _COARSE[bits], quick=quick)
    for packings, inverted in itertools.product(every, (False, True)):
        name = f"1 bit, {''.join(packings) or 'raw'}{', inverted' * inverted}"
        more = "/Decode[1 0]" * inverted
        draw = partial(
            sampled, kind="bilevel", bits=1, packings=packings, inverted=inverted, more=more
        )
        yield cell(name, draw, "bilevel", quick=name == "1 bit, Flate, inverted")
    outer, inner = ("base 85", "hexadecimal", "run lengths"), ("Flate", "LZW", "run lengths")
    for chain in itertools.product(inner, outer):
        yield cell(" in ".join(chain), partial(sampled, kind="colour", packings=chain))


def _predictors() -> Iterator[Cell]:
    shapes: tuple[tuple[Kind, int], ...] = (
        ("colour", 8), ("colour", 16), ("grey", 4), ("grey", 8), ("grey", 16), ("bilevel", 1),
    )  # fmt: skip
    for predictor, (kind, bits) in itertools.product((2, 10, 11, 12, 13, 14, 15), shapes):
        name = f"{kind}, {bits} bits, predictor {predictor}"
        draw = partial(_predicted, kind=kind, bits=bits, predictor=predictor)
        yield cell(name, draw, kind, _COARSE[bits], quick=name == "colour, 16 bits, predictor 2")


def _predicted(page: Page, *, kind: Kind, bits: int, predictor: int) -> Picture:
    return predicted(samples_of(page, kind, bits), bits, _DEVICE[kind], predictor)


def _decodes() -> Iterator[Cell]:
    """Ranges that a `Decode` array maps samples to."""
    for bits in (8, 16):
        kinds: tuple[tuple[Kind, int], ...] = (("colour", 3), ("grey", 1))
        for kind, count in kinds:
            shape = partial(sampled, kind=kind, bits=bits)
            inverted = partial(shape, inverted=True, more=f"/Decode[{'1 0 ' * count}]")
            yield cell(f"{kind}, {bits} bits, inverted", inverted, _plain(kind))
            usual = partial(shape, more=f"/Decode[{'0 1 ' * count}]")
            yield cell(f"{kind}, {bits} bits, the usual range", usual, _plain(kind))
    yield cell("a range beyond 1", _half, tolerance=2.0)
    yield cell("one colour inverted", _one_inverted)
    short = partial(sampled, kind="grey", more="/Decode[0]")
    yield cell("a range without its end", short, "grey", refusal=_NOTHING)


def _plain(kind: str) -> Plain:
    return "colour" if kind == "colour" else "grey"


def _half(page: Page) -> Picture:
    samples = samples_of(page, "colour") // np.uint64(2)
    return raw(samples, 8, "/DeviceRGB", more="/Decode[0 2 0 2 0 2]").packed("Flate")


def _one_inverted(page: Page) -> Picture:
    samples = samples_of(page, "colour")
    samples[:, :, 1] = 255 - samples[:, :, 1]
    return raw(samples, 8, "/DeviceRGB", more="/Decode[0 1 1 0 0 1]").packed("Flate")


def _palettes() -> Iterator[Cell]:
    few = {1: 14.0, 2: 10.0, 4: 4.0, 8: 2.0}
    for bits, packings in itertools.product(few, ((), ("Flate",), ("LZW",), ("run lengths",))):
        name = f"palette of {bits} bits, {''.join(packings) or 'raw'}"
        yield cell(name, partial(_indexed, bits=bits, packings=packings), tolerance=few[bits])
    bases = {
        "colour": "/DeviceRGB",
        "grey": "/DeviceGray",
        "calibrated grey": f"[/CalGray<<{_WHITE_POINT}>>]",
        "a profile": "[/ICCBased 101 0 R]",
    }
    for bits, (name, base) in itertools.product((2, 4, 8), bases.items()):
        how = f"palette of {bits} bits, {name}, samples above the highest"
        draw = partial(_above_highest, bits=bits, base=base)
        yield cell(how, draw, "bilevel", 6.0, quick=bits == 8 and name == "colour")
    yield cell("palette in a stream", partial(_indexed, bits=8, stream=True), tolerance=2.0)
    short = partial(_indexed, bits=8, missing=10)
    yield cell("palette that is too short", short, refusal=_NOTHING)
    bilevel = partial(sampled, kind="bilevel", bits=1)
    inverted = partial(bilevel, space=_BLACK_AND_WHITE, inverted=True, more="/Decode[1 0]")
    yield cell("palette, inverted", inverted, "bilevel")
    turned = partial(bilevel, space=_WHITE_AND_BLACK, inverted=True)
    yield cell("palette, turned round", turned, "bilevel")
    yield cell("palette, predictor 15", _predicted_palette, tolerance=2.0)


def _indexed(
    page: Page,
    *,
    bits: int,
    stream: bool = False,
    missing: int = 0,
    packings: tuple[str, ...] = ("Flate",),
) -> Picture:
    """Return the page in as many colours as the bits can name, some missing in the table."""
    image = page.colour.quantize(1 << bits, dither=Image.Dither.NONE)
    colours = bytes(image.getpalette("RGB") or [])
    highest = len(colours) // 3 - 1
    colours = colours[: len(colours) - 3 * missing]
    samples = np.asarray(image).astype(np.uint64)[:, :, np.newaxis]
    table = "101 0 R" if stream else f"<{colours.hex()}>"
    picture = raw(samples, bits, f"[/Indexed/DeviceRGB {highest} {table}]")
    entry = stream_object(zlib.compress(colours), "/Filter/FlateDecode")
    return packed(picture.with_keys("", entry), *packings)


def _above_highest(page: Page, *, bits: int, base: str) -> Picture:
    """Return the page in three colours, white being named by all samples above the highest too."""
    grey = np.asarray(page.grey)
    samples = np.where(grey <= 80, 0, np.where(grey <= 160, 1, (1 << bits) - 1)).astype(np.uint64)
    table = "<0020ff>" if "Gray" in base else "<000000202020ffffff>"
    picture = raw(samples[:, :, np.newaxis], bits, f"[/Indexed {base} 2 {table}]")
    return picture.packed("Flate").with_keys("", stream_object(_srgb(), "/N 3"))


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _predicted_palette(page: Page) -> Picture:
    image = page.colour.quantize(256, dither=Image.Dither.NONE)
    colours = bytes(image.getpalette("RGB") or [])
    samples = np.asarray(image).astype(np.uint64)[:, :, np.newaxis]
    space = f"[/Indexed/DeviceRGB {len(colours) // 3 - 1}<{colours.hex()}>]"
    return predicted(samples, 8, space, 15)


def jpeg(page: Page, *, kind: Kind = "colour", space: str = "", **options: object) -> Picture:
    """Return the page as a JPEG, of another colour space than its own if one is named."""
    picture = image_file(page.plain(kind), "JPEG", "/DCTDecode", **{"quality": 92, **options})
    keys = f"/BitsPerComponent 8/ColorSpace{space}" if space else picture.keys
    return replace(picture, keys=keys)


def _jpegs() -> Iterator[Cell]:
    for quality, progressive, sampling in itertools.product((75, 92), (False, True), (0, 1, 2)):
        name = f"JPEG, {quality} %, sampling {sampling}{', progressive' * progressive}"
        draw = partial(jpeg, quality=quality, progressive=progressive, subsampling=sampling)
        yield cell(name, draw, tolerance=_LOSSY)
    for packing in PACKINGS:
        draw = partial(_changed_jpeg, packings=(packing,))
        yield cell(f"JPEG in {packing}", draw, tolerance=_LOSSY, quick=packing == "Flate")
    yield cell("JPEG, grey", partial(jpeg, kind="grey"), "grey", _LOSSY)
    inverted = partial(_changed_jpeg, inverted=True, more="/Decode[1 0 1 0 1 0]")
    yield cell("JPEG, inverted", inverted, tolerance=_LOSSY)
    for transform in (0, 1):
        draw = partial(
            _changed_jpeg,
            parameters=f"<</ColorTransform {transform}>>",
            options={"keep_rgb": transform == 0},
        )
        yield cell(f"JPEG, ColorTransform {transform}", draw, tolerance=_LOSSY)
    yield cell("JPEG, red, green and blue", partial(jpeg, keep_rgb=True), tolerance=_LOSSY)
    called = partial(jpeg, kind="grey", space="/DeviceRGB")
    yield cell("JPEG of grey called colour", called, "grey", _LOSSY, quick=True)
    yield cell("JPEG of colour called grey", partial(jpeg, space="/DeviceGray"), tolerance=_LOSSY)
    for wide, high in ((2, 2), (1, 2), (2, 1)):
        draw = partial(_changed_jpeg, size=(_WIDTH * wide, _HEIGHT * high))
        yield cell(f"JPEG of another size, {wide} by {high}", draw, tolerance=_LOSSY)
    for inverted_inks, adobe in itertools.product((False, True), (False, True)):
        how = f"{', inverted' * inverted_inks}{', without Adobe' * (not adobe)}"
        draw = partial(_inks, inverted=inverted_inks, adobe=adobe)
        yield cell(f"JPEG, four inks{how}", draw, "grey", 16.0, quick=inverted_inks and adobe)
    turned = Image.Exif()
    turned[0x0112] = 6
    yield cell("JPEG with an orientation", partial(jpeg, exif=turned), tolerance=_LOSSY)


def _changed_jpeg(
    page: Page,
    *,
    inverted: bool = False,
    more: str = "",
    parameters: str = "",
    size: tuple[int, int] = SIZE,
    packings: tuple[str, ...] = (),
    options: dict[str, object] | None = None,
) -> Picture:
    image = ImageChops.invert(page.colour) if inverted else page.colour
    picture = image_file(image, "JPEG", "/DCTDecode", quality=92, **(options or {}))
    changed = replace(picture, parameters=(parameters,), size=size).with_keys(more)
    return packed(changed, *packings)


def _inks(page: Page, *, inverted: bool, adobe: bool) -> Picture:
    """Return the page in black ink only, as a JPEG of four inks.

    Pillow writes Adobe's marker, and the complement of the samples that it is given.
    """
    none = Image.new("L", SIZE)
    image = Image.merge("CMYK", (none, none, none, ImageChops.invert(page.grey)))
    written = image if inverted else ImageChops.invert(image)
    picture = image_file(written, "JPEG", "/DCTDecode", quality=92)
    if not adobe:
        at = picture.data.index(b"\xff\xee")
        picture = replace(picture, data=picture.data[:at] + picture.data[at + 16 :])
    return picture.with_keys("/Decode[1 0 1 0 1 0 1 0]" if inverted else "")


_FAXES: Final[dict[str, tuple[str, str, int | None]]] = {
    "Group 4": ("group4", "/K -1", None),
    "Group 3": ("group3", "/K 0", 0),
    "Group 3, mixed": ("group3", "/K 4", 1),
    "Group 3, ends at bytes": ("group3", "/K 0/EndOfLine true", 4),
}  # fmt: skip


def _faxes() -> Iterator[Cell]:
    ends = ("", "/EndOfBlock false", "/EndOfBlock true")
    for (name, (compression, parameters, options)), rows, end in itertools.product(
        _FAXES.items(), (True, False), ends
    ):
        if rows or end != "/EndOfBlock false":  # one of the two has to say where it ends
            how = f"{name}{', rows' * rows}{end.replace('/', ', ')}"
            yield from _fax_cells(
                how, compression, f"{parameters}{f'/Rows {_HEIGHT}' * rows}{end}", options
            )
    at_bytes = "/K 0/EncodedByteAlign true/EndOfBlock false"
    yield from _fax_cells("fax, rows at bytes", "tiff_ccitt", at_bytes, None)
    plain = partial(_fax, compression="group4", parameters="/K -1")
    yield cell("Group 4 in Flate", partial(plain, packings=("Flate",)), "bilevel", 2.0)
    yield cell("Group 4, palette", partial(plain, space=_BLACK_AND_WHITE), "bilevel", 2.0)
    turned = partial(plain, space=_WHITE_AND_BLACK, inverted=True)
    yield cell("Group 4, palette turned round", turned, "bilevel", 2.0)
    yield cell("Group 4 without its end", _fax_without_end, "bilevel", 2.0)
    for shared, inverted in itertools.product((False, True), (False, True)):
        how = f"JBIG2{', with globals' * shared}{', inverted' * inverted}"
        draw = partial(_jbig2, shared=shared, inverted=inverted)
        yield cell(how, draw, "bilevel", 4.0, quick=shared and not inverted)


def _fax_cells(name: str, compression: str, parameters: str, options: int | None) -> Iterator[Cell]:
    plain = partial(_fax, compression=compression, parameters=parameters, options=options)
    yield cell(name, plain, "bilevel", 2.0, quick=name in {"Group 4", "Group 3, rows"})
    black_is_1 = partial(plain, parameters=f"{parameters}/BlackIs1 true", inverted=True)
    yield cell(f"{name}, black is 1", black_is_1, "bilevel", 2.0)
    inverted = partial(plain, inverted=True, more="/Decode[1 0]")
    yield cell(f"{name}, inverted", inverted, "bilevel", 2.0)


def _fax(
    page: Page,
    *,
    compression: str,
    parameters: str,
    options: int | None = None,
    inverted: bool = False,
    space: str = "",
    more: str = "",
    packings: tuple[str, ...] = (),
) -> Picture:
    image = _negative(page) if inverted else page.bilevel
    tags = {} if options is None else {"options": options}
    picture = fax(image, compression, parameters, **tags)
    keys = f"/BitsPerComponent 1/ColorSpace{space}" if space else picture.keys
    return packed(replace(picture, keys=keys + more), *packings)


def _negative(page: Page) -> Image.Image:
    return ImageChops.invert(page.bilevel.convert("L")).convert("1")


def _fax_without_end(page: Page) -> Picture:
    whole = fax(page.bilevel, "group4", f"/K -1/Rows {_HEIGHT}")
    return replace(whole, data=whole.data[:-3])


def _jbig2(page: Page, *, shared: bool, inverted: bool) -> Picture:
    picture = jbig2(_negative(page) if inverted else page.bilevel, shared=shared)
    return picture.with_keys("/Decode[1 0]" * inverted)


def _wavelets() -> Iterator[Cell]:
    kinds: tuple[Kind, ...] = ("colour", "grey")
    for kind, lossless, space in itertools.product(kinds, (True, False), ("told", "its own")):
        options = {} if lossless else {"irreversible": True, "quality_layers": [30]}
        for bare in (False, True):
            name = f"JPEG 2000, {kind}, space {space}{', lossless' * lossless}{', bare' * bare}"
            draw = partial(
                _wavelet, kind=kind, told=space == "told", options={"no_jp2": bare, **options}
            )
            if not (bare and space == "its own"):  # it has none
                yield cell(name, draw, _plain(kind), _LOSSY, quick=kind == "colour" and bare)
    inverted = partial(_wavelet, kind="grey", inverted=True)
    yield cell("JPEG 2000, inverted", inverted, "grey", _LOSSY)
    for wide, high in ((2, 2), (1, 2)):
        draw = partial(_wavelet, kind="colour", size=(_WIDTH * wide, _HEIGHT * high))
        yield cell(f"JPEG 2000 of another size, {wide} by {high}", draw, tolerance=_LOSSY)
    called = partial(_wavelet, kind="grey", space="/DeviceRGB")
    yield cell("JPEG 2000 of grey called colour", called, "grey", _LOSSY)
    tiles = partial(_wavelet, kind="colour", options={"tile_size": (128, 128)})
    yield cell("JPEG 2000, tiles", tiles, tolerance=_LOSSY)


def _wavelet(
    page: Page,
    *,
    kind: Kind,
    told: bool = True,
    inverted: bool = False,
    size: tuple[int, int] = SIZE,
    space: str = "",
    options: dict[str, object] | None = None,
) -> Picture:
    image = page.plain(kind)
    image = ImageChops.invert(image) if inverted else image
    picture = image_file(image, "JPEG2000", "/JPXDecode", **(options or {}))
    picture = replace(picture, size=size).with_keys("/Decode[1 0]" * inverted)
    if space:
        return replace(picture, keys=f"/BitsPerComponent 8/ColorSpace{space}")
    return picture if told else replace(picture, keys="")


def _spaces() -> Iterator[Cell]:
    """Colour spaces other than a device's."""
    grey, colour = partial(sampled, kind="grey"), partial(sampled, kind="colour")
    bilevel = partial(sampled, kind="bilevel", bits=1)
    calibrated = f"[/CalGray<<{_WHITE_POINT}/Gamma 2.2>>]"
    yield cell("CalGray", partial(grey, space=calibrated), "grey", 6.0)
    yield cell("CalGray, 1 bit", partial(bilevel, space=calibrated), "bilevel", 6.0)
    even = f"[/CalGray<<{_WHITE_POINT}>>]"
    yield cell("CalGray, no gamma", partial(grey, space=even), "grey", 8.0)
    red_green_blue = f"[/CalRGB<<{_WHITE_POINT}{_SRGB_MATRIX}>>]"
    yield cell("CalRGB", partial(colour, space=red_green_blue), tolerance=6.0)
    default = Paper(resources=f"/ColorSpace<</DefaultRGB{red_green_blue}>>")
    yield cell("default colours", colour, tolerance=6.0, paper=default)
    named = Paper(resources="/ColorSpace<</Cs1/DeviceRGB>>")
    yield cell("a name of the page", partial(colour, space="/Cs1"), paper=named, refusal=_NOTHING)
    yield cell("a short name", partial(grey, space="/G"), "grey")
    yield cell("Lab", _lab, tolerance=8.0)
    yield from _profiles()
    yield from _inks_of_others()


def _profiles() -> Iterator[Cell]:
    ways = itertools.product((1, 3, 4, 0, 2), ("Flate", "JPEG"), ("", "/Alternate/DeviceRGB"))
    for count, packing, more in ways:
        how = f"{packing}, sRGB profile, N {count or 'missing'}{', alternate' * bool(more)}"
        draw = partial(_profiled, count=count, packing=packing, more=more)
        yield cell(how, draw, tolerance=_LOSSY, quick=how == "JPEG, sRGB profile, N 4")
    yield cell("a profile that is none", partial(_profiled, profile=b"no profile", count=3))
    device = stream_object(b"-", "/N 1/Alternate/DeviceGray")
    grey = partial(sampled, kind="grey", space="[/ICCBased 101 0 R]", extra=(device,))
    yield cell("a profile of grey that is none", grey, "grey")


def _profiled(
    page: Page, *, count: int, packing: str = "Flate", more: str = "", profile: bytes = b""
) -> Picture:
    """Return the page in colours of a profile whose dictionary says that they are so many."""
    space = "[/ICCBased 101 0 R]"
    numbered = f"/N {count}" if count else ""
    entry = stream_object(profile or _srgb(), numbered + more)
    if packing == "JPEG":
        return jpeg(page, space=space).with_keys("", entry)
    return sampled(page, kind="colour", space=space, extra=(entry,))


def _inks_of_others() -> Iterator[Cell]:
    """Printing inks: one, two or four."""
    for inverted in (False, True):
        draw = partial(_four_inks, inverted=inverted)
        yield cell(f"four inks{', inverted' * inverted}", draw, "grey", 16.0, quick=not inverted)
    function = "<</FunctionType 2/Domain[0 1]/C0[1 1 1]/C1[0 0 0]/N 1>>"
    for name in ("/Separation/Black", "/Separation/All", "/DeviceN[/Black]"):
        space = f"[{name}/DeviceRGB{function}]"
        draw = partial(sampled, kind="grey", space=space, inverted=True)
        yield cell(f"ink of {name[1:]}", draw, "grey")
        draw = partial(sampled, kind="bilevel", bits=1, space=space, inverted=True)
        yield cell(f"ink of {name[1:]}, 1 bit", draw, "bilevel")
    yield cell("ink of two, one of none", _two_inks, "grey")


def _four_inks(page: Page, *, inverted: bool) -> Picture:
    black = samples_of(page, "grey", inverted=True)
    none = np.zeros_like(black)
    samples = np.concatenate([none, none, none, black], axis=2)
    samples = np.uint64(255) - samples if inverted else samples
    more = "/Decode[1 0 1 0 1 0 1 0]" * inverted
    return raw(samples, 8, "/DeviceCMYK", more=more).packed("Flate")


def _two_inks(page: Page) -> Picture:
    black = samples_of(page, "grey", inverted=True)
    samples = np.concatenate([np.full_like(black, 99), black], axis=2)
    keys = "/FunctionType 4/Domain[0 1 0 1]/Range[0 1 0 1 0 1]"
    body = stream_object(b"{exch pop 1 exch sub dup dup}", keys)
    picture = raw(samples, 8, "[/DeviceN[/None/Black]/DeviceRGB 101 0 R]")
    return picture.packed("Flate").with_keys("", body)


def _lab(page: Page) -> Picture:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(page.colour, *profiles, outputMode="LAB")
    values = np.asarray(lab).astype(np.uint64)
    values[:, :, 1:] = (values[:, :, 1:] + 128) % 256  # two's complement to 0-255
    space = "[/Lab<</WhitePoint[0.9642 1 0.8249]/Range[-128 127 -128 127]>>]"
    return raw(values, 8, space).packed("Flate")


def _masks() -> Iterator[Cell]:
    fills, decodes = ("", "0 g", "0 0 0 rg", "0 0 0 1 k"), ("", "/Decode[1 0]", "/Decode[0 1]")
    every: tuple[tuple[str, ...], ...] = ((), ("Flate",))
    for fill, decode, packings in itertools.product(fills, decodes, every):
        name = f"stencil{decode.replace('/', ', ')}, {fill or 'no fill'}"
        draw = partial(_stencil, decode=decode, packings=packings)
        yield cell(
            f"{name}, {''.join(packings) or 'raw'}",
            draw,
            "bilevel",
            10.0 if "k" in fill else 2.0,
            paper=Paper(f"q {fill} {FULL} /X Do Q"),
        )
    yield cell("stencil by Group 4", _stencil_fax, "bilevel", 2.0, quick=True)
    for kind in ("/SMask", "/Mask"):
        yield cell(f"{kind[1:]} that shows all", partial(_masked, kind=kind))
        through = partial(_ink_through, kind=kind)
        yield cell(f"{kind[1:]} that shows the ink", through, "bilevel", 2.0, quick=True)
    bilevel = partial(sampled, kind="bilevel", bits=1, more="/Mask[1 1]")
    yield cell("a colour masked out", bilevel, "bilevel", 2.0)
    red = partial(bilevel, space="[/Indexed/DeviceRGB 1<000000ff0000>]")
    yield cell("a colour of a palette masked out", red, "bilevel", 2.0)
    yield cell("a mask of no colour", partial(sampled, kind="colour", more="/Mask[0 0 0 0 0 0]"))


def _stencil(page: Page, *, decode: str, packings: tuple[str, ...]) -> Picture:
    """Return the ink of the page as a stencil: 0 paints, unless the range is turned round."""
    samples = samples_of(page, "bilevel", 1, inverted=decode == "/Decode[1 0]")
    keys = f"/ImageMask true/BitsPerComponent 1{decode}"
    return packed(Picture(packed_bits(samples, 1), keys), *packings)


def _stencil_fax(page: Page) -> Picture:
    return replace(fax(page.bilevel, "group4", "/K -1"), keys="/ImageMask true")


def _masked(page: Page, *, kind: str) -> Picture:
    whole = np.full((8, 8, 1), 255, np.uint64)
    mask = raw(whole, 8, "/DeviceGray")
    if kind == "/Mask":
        mask = Picture(bytes(8), "/ImageMask true/BitsPerComponent 1")
    entry = replace(mask, size=(8, 8)).object()
    return sampled(page, kind="colour", more=f"{kind} 101 0 R", extra=(entry,))


def _ink_through(page: Page, *, kind: str) -> Picture:
    """Return a black square seen through the ink of the page."""
    mask = raw(samples_of(page, "bilevel", 8, inverted=True), 8, "/DeviceGray")
    if kind == "/Mask":
        samples = samples_of(page, "bilevel", 1)
        mask = Picture(packed_bits(samples, 1), "/ImageMask true/BitsPerComponent 1")
    black = raw(np.zeros((4, 4, 1), np.uint64), 8, "/DeviceGray", more=f"{kind} 101 0 R")
    return replace(black, size=(4, 4), extra=(mask.object(),))


def _by_pillow(page: Page) -> bytes:
    out = io.BytesIO()
    page.colour.save(out, "PDF", resolution=72)
    return out.getvalue()


CELLS: Final[list[Cell]] = [
    Cell("PDF", "by Pillow", _by_pillow, quick=True),
    *_depths(),
    *_predictors(),
    *_decodes(),
    *_palettes(),
    *_jpegs(),
    *_faxes(),
    *_wavelets(),
    *_spaces(),
    *_masks(),
]
