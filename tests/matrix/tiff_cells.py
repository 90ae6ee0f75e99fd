"""The page in a TIFF: depths, photometrics, planes, predictors, compressions and directories."""

import dataclasses
import io
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
from PIL import ImageCms

from tests.matrix.cells import SIZE, Cell, Page, Write, squat
from tests.matrix.tiff_writer import Field, Samples, Tiff, packed, written
from tests.pages import papers

_PACKINGS: Final = {
    "raw": 1,
    "packbits": 32773,
    "lzw": 5,
    "deflate": 8,
    "old deflate": 32946,
    "zstd": 50000,
    "lzma": 34925,
}
_WHITE_IS_ZERO, _GREY, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR = range(7)
_CIELAB, _ICCLAB, _ITULAB = 8, 9, 10
_ORDERS: Final = {"<": "II", ">": "MM"}
_RESOLUTIONS: Final = ((204, 98), (204, 196), (200, 100), (204, 391), (300, 600))

Take = Callable[[Page], Samples]


def grey(page: Page) -> Samples:
    """Return (height, width, 1), 0-255."""
    return np.asarray(page.grey)[:, :, np.newaxis]


def colour(page: Page) -> Samples:
    """Return (height, width, 3), 0-255."""
    return np.asarray(page.colour)


def deep(take: Take, bits: int) -> Take:
    """Return what stretches 0-255 to the whole range of `bits`."""
    scale = ((1 << bits) - 1) / 255
    return lambda page: np.round(take(page).astype(np.float64) * scale).astype(np.uint64)


def tiff(take: Take, **shape: Any) -> Write:  # noqa: ANN401 - fields of Tiff
    """Return what writes a TIFF of one page."""
    return lambda page: written(Tiff(take(page), **shape))


def _depths() -> Iterator[Cell]:
    """Every depth of grey and colour, in both byte orders and planar layouts, raw and packed."""
    ways = itertools.product(
        (2, 4, 6, 8, 10, 12, 14, 16, 24, 32), "<>", ("raw", "lzw", "deflate"), (False, True)
    )
    for bits, order, packing, separate in ways:
        shape: dict[str, Any] = {
            "bits": bits,
            "order": order,
            "rows": 37,
            "compression": _PACKINGS[packing],
        }
        name = f"{bits} bits, {_ORDERS[order]}, {packing}{', separate planes' * separate}"
        write = tiff(deep(colour, bits), photometric=_RGB, separate=separate, **shape)
        # With four levels a channel the paper itself is another colour.
        yield Cell("TIFF", f"colour, {name}", write, tolerance=6.0 if bits == 2 else 1.0)
        if not separate:
            write = tiff(deep(grey, bits), photometric=_GREY, **shape)
            yield Cell("TIFF", f"grey, {name}", write, plain="grey")


def bilevel(page: Page) -> Samples:
    """Return (height, width, 1), 0 for black and 1 for white."""
    return np.asarray(page.bilevel).astype(np.uint8)[:, :, np.newaxis]


def negative(take: Take, bits: int) -> Take:
    """Return what turns round samples of `bits`."""
    return lambda page: ((1 << bits) - 1) - take(page).astype(np.uint64)


def floating(take: Take, white: float) -> Take:
    """Return what makes 0-255 floats from 0 to `white`."""
    return lambda page: take(page).astype(np.float64) * (white / 255)


def moved(take: Take, by: int) -> Take:
    """Return what adds a number to every sample."""
    return lambda page: take(page).astype(np.int64) + by


def inks(page: Page) -> Samples:
    """Return cyan, magenta, yellow and black, 0-255."""
    return np.asarray(page.colour.convert("CMYK"))


def brightness_and_colours(page: Page) -> Samples:
    """Return YCbCr, 0-255."""
    return np.asarray(page.colour.convert("YCbCr"))


def with_alpha(take: Take, alpha: int, *others: int) -> Take:
    """Return what adds samples of one value each."""

    def taken(page: Page) -> Samples:
        samples = take(page)
        more = [np.full((*samples.shape[:2], 1), value) for value in (alpha, *others)]
        return np.concatenate([samples, *more], axis=2)

    return taken


def _white_is_zero() -> Iterator[Cell]:
    for bits, order, packing in itertools.product((2, 4, 8, 12, 16, 32), "<>", ("raw", "deflate")):
        yield Cell(
            "TIFF",
            f"white is zero, {bits} bits, {_ORDERS[order]}, {packing}",
            tiff(
                negative(deep(grey, bits), bits),
                bits=bits,
                photometric=_WHITE_IS_ZERO,
                order=order,
                compression=_PACKINGS[packing],
            ),
            plain="grey",
            quick=bits == 16,
            tolerance=6.0 if bits == 2 else 1.0,
        )
    for bits, order in itertools.product((16, 32), "<>"):
        yield Cell(
            "TIFF",
            f"white is zero, {bits} bits float, {_ORDERS[order]}",
            tiff(
                lambda page: 1 - floating(grey, 1)(page),
                bits=bits,
                kind=3,
                photometric=_WHITE_IS_ZERO,
                order=order,
            ),
            plain="grey",
        )


def _bilevel() -> Iterator[Cell]:
    packings = {**_PACKINGS, "fax 2": 2, "fax 3": 3, "fax 4": 4}
    ways = itertools.product(packings, (0, 1), "<>", (1, 2), (0, 50))
    for packing, photometric, order, fill, rows in ways:
        take = bilevel if photometric else negative(bilevel, 1)
        yield Cell(
            "TIFF",
            f"bilevel, {'black' if photometric else 'white'} is zero, {packing}, "
            f"{_ORDERS[order]}, fill order {fill}, {rows or 'all'} rows",
            tiff(
                take,
                bits=1,
                photometric=photometric,
                compression=packings[packing],
                order=order,
                fill=fill,
                rows=rows,
            ),
            plain="bilevel",
            quick=packing == "fax 4" and rows > 0,
        )
    for option in (1, 2, 4, 5):
        tags: dict[int, Field] = {292: (4, [option & 4]), 293: (4, [option & 2])}
        yield (
            Cell(
                "TIFF",
                f"bilevel, fax 3, options {option & 4}",
                tiff(negative(bilevel, 1), bits=1, photometric=0, compression=3, tags=tags),
                plain="bilevel",
            )
            if option == 4
            else Cell(
                "TIFF",
                f"bilevel, fax 4, options {option}",
                tiff(
                    negative(bilevel, 1),
                    bits=1,
                    photometric=0,
                    compression=4,
                    tags={293: (4, [option & 2])},
                ),
                plain="bilevel",
            )
        )


def _floats() -> Iterator[Cell]:
    for bits, order, packing, predictor, tile in itertools.product(
        (16, 32, 64), "<>", ("raw", "lzw", "deflate", "zstd"), (1, 2, 3), (None, (64, 48))
    ):
        if (packing == "raw" and predictor > 1) or (bits == 16 and predictor == 2):
            continue
        # Differences of floats are those of the integers with the same bytes.
        shape: dict[str, Any] = {
            "bits": bits,
            "kind": 3,
            "order": order,
            "tile": tile,
            "rows": 50,
            "compression": _PACKINGS[packing],
            "predictor": predictor,
        }
        if predictor == 2:
            continue
        name = f"{bits} bits float, {_ORDERS[order]}, {packing}, predictor {predictor}"
        name += ", tiles" * bool(tile)
        yield Cell(
            "TIFF",
            f"grey, {name}",
            tiff(floating(grey, 1), photometric=_GREY, **shape),
            plain="grey",
        )
        for separate in (False, True):
            yield Cell(
                "TIFF",
                f"colour, {name}{', separate planes' * separate}",
                tiff(floating(colour, 1), photometric=_RGB, separate=separate, **shape),
                quick=packing == "zstd" and bits == 32 and order == ">",
            )
    for white in (1, 255, 65535, 1e6):
        yield Cell(
            "TIFF",
            f"grey, 32 bits float, white is {white:g}",
            tiff(floating(grey, white), bits=32, kind=3),
            plain="grey",
            tolerance=1.0,
        )

    def not_numbers(page: Page) -> Samples:
        samples = floating(grey, 1)(page)
        samples[:3, :3] = np.nan
        samples[4, :3] = np.inf
        return samples

    yield Cell(
        "TIFF",
        "grey, 32 bits float, some no numbers",
        tiff(not_numbers, bits=32, kind=3),
        plain="grey",
        tolerance=1.5,
    )


def _integers() -> Iterator[Cell]:
    for bits in (8, 16, 32):
        half = 1 << (bits - 1)
        yield Cell(
            "TIFF",
            f"grey, {bits} bits signed, below zero",
            tiff(moved(deep(grey, bits), -half), bits=bits, kind=2),
            plain="grey",
        )
    for bits in (8, 16, 32):
        yield Cell(
            "TIFF",
            f"grey, {bits} bits signed, from zero",
            tiff(deep(grey, bits - 1), bits=bits, kind=2),
            plain="grey",
            quick=bits == 16,
        )
    yield Cell("TIFF", "grey, 64 bits", tiff(deep(grey, 53), bits=64), plain="grey")
    yield Cell("TIFF", "grey, 32 bits, values 0-255", tiff(grey, bits=32), plain="grey")
    yield Cell(
        "TIFF",
        "grey, 16 bits of which 12 are used",
        tiff(deep(grey, 12), bits=16, tags={281: (3, [4095])}),
        plain="grey",
    )


def _predictors_and_blocks() -> Iterator[Cell]:
    for bits, packing, order, separate, tile in itertools.product(
        (8, 16, 32),
        ("lzw", "deflate", "zstd", "lzma"),
        "<>",
        (False, True),
        (None, (16, 16), (128, 80), (448, 608)),
    ):
        yield Cell(
            "TIFF",
            f"colour, {bits} bits, {packing}, predictor 2, {_ORDERS[order]}, "
            f"{tile or 'strips'}{', separate planes' * separate}",
            tiff(
                deep(colour, bits),
                bits=bits,
                photometric=_RGB,
                predictor=2,
                order=order,
                separate=separate,
                tile=tile,
                rows=33,
                compression=_PACKINGS[packing],
            ),
            quick=packing == "lzw" and tile == (128, 80) and order == ">",
        )
    for bits, packing, separate, tile in itertools.product(
        (2, 4, 8, 10, 12, 14, 16),
        ("raw", "packbits", "old deflate"),
        (False, True),
        ((16, 16), (128, 80), (448, 608)),
    ):
        yield Cell(
            "TIFF",
            f"colour, {bits} bits, {packing}, tiles {tile}{', separate planes' * separate}",
            tiff(
                deep(colour, bits),
                bits=bits,
                photometric=_RGB,
                separate=separate,
                tile=tile,
                compression=_PACKINGS[packing],
            ),
            tolerance=6.0 if bits == 2 else 1.0,
        )
    for bits, rows, packing in itertools.product((1, 8, 16), (1, 7, 64), _PACKINGS):
        take = deep(grey, bits) if bits > 1 else bilevel
        yield Cell(
            "TIFF",
            f"grey, {bits} bits, {packing}, {rows} rows of a strip",
            tiff(take, bits=bits, rows=rows, compression=_PACKINGS[packing]),
            plain="grey" if bits > 1 else "bilevel",
        )
    for bits, tile in itertools.product((4, 12, 14), (None, (64, 64))):
        yield Cell(
            "TIFF",
            f"colour, {bits} bits, lzw, predictor 2, {tile or 'strips'}",
            tiff(
                deep(colour, bits),
                bits=bits,
                photometric=_RGB,
                predictor=2,
                tile=tile,
                compression=5,
            ),
            quick=bits == 12,
        )
    for bits, fill, packing in itertools.product((8, 12, 16), (2,), ("raw", "lzw", "deflate")):
        yield Cell(
            "TIFF",
            f"colour, {bits} bits, {packing}, fill order {fill}",
            tiff(
                deep(colour, bits),
                bits=bits,
                photometric=_RGB,
                fill=fill,
                compression=_PACKINGS[packing],
            ),
        )
    for bits, order, tile in itertools.product((8, 16), "<>", (None, (64, 64))):
        yield Cell(
            "TIFF",
            f"BigTIFF, colour, {bits} bits, {_ORDERS[order]}, {tile or 'strips'}",
            tiff(
                deep(colour, bits),
                bits=bits,
                photometric=_RGB,
                big=True,
                order=order,
                tile=tile,
                rows=40,
                compression=8,
            ),
        )


def _palettes() -> Iterator[Cell]:
    for bits, order, wide, packing in itertools.product(
        (4, 8, 16), "<>", (True, False), ("raw", "lzw")
    ):
        colours = min(1 << bits, 256)
        name = f"palette, {bits} bits, {_ORDERS[order]}, {packing}, table of {16 if wide else 8}"

        def write(
            page: Page,
            bits: int = bits,
            order: str = order,
            packing: str = packing,
            colours: int = colours,
            factor: int = 257 if wide else 1,
        ) -> bytes:
            indexed = page.colour.quantize(colours)
            table = np.zeros((1 << bits, 3), np.int64)
            taken = np.array(indexed.getpalette("RGB"), np.int64).reshape(-1, 3)
            table[: len(taken)] = taken * factor
            samples = np.asarray(indexed)[:, :, np.newaxis]
            return written(
                Tiff(
                    samples,
                    bits,
                    photometric=_PALETTE,
                    order=order,
                    compression=_PACKINGS[packing],
                    tags={320: (3, table.T.ravel().tolist())},
                )
            )

        yield Cell("TIFF", name, write, quick=not wide, tolerance=4.0)
    for bits, white in itertools.product((1, 2), (65535, 255)):
        levels = [0, *[white] * ((1 << bits) - 1)]
        yield Cell(
            "TIFF",
            f"palette, {bits} bits, black and white, up to {white}",
            tiff(bilevel, bits=bits, photometric=_PALETTE, tags={320: (3, levels * 3)}),
            plain="bilevel",
        )


def _colour_spaces() -> Iterator[Cell]:
    for bits, order, separate, packing in itertools.product(
        (8, 16), "<>", (False, True), ("raw", "lzw")
    ):
        name = f"{bits} bits, {_ORDERS[order]}, {packing}{', separate planes' * separate}"
        shape: dict[str, Any] = {
            "bits": bits,
            "order": order,
            "separate": separate,
            "rows": 50,
            "compression": _PACKINGS[packing],
        }
        yield Cell(
            "TIFF",
            f"CMYK, {name}",
            tiff(deep(inks, bits), photometric=_CMYK, **shape),
            quick=separate,
        )
        for photometric, space in ((_CIELAB, "CIELab"), (_ICCLAB, "ICCLab")):
            yield Cell(
                "TIFF",
                f"{space}, {name}",
                tiff(lab(space, bits), photometric=photometric, **shape),
                tolerance=2.0,
                quick=separate and bits == 8,
            )
        if bits == 8:
            yield Cell(
                "TIFF",
                f"ITULab, {name}",
                tiff(lab("ITULab", 8), photometric=_ITULAB, **shape),
                tolerance=2.0,
            )
            tags: dict[int, Field] = {530: (3, [1, 1])}
            yield Cell(
                "TIFF",
                f"YCbCr, {name}",
                tiff(brightness_and_colours, photometric=_YCBCR, tags=tags, **shape),
                quick=separate,
            )
    for reduced, packing in itertools.product(
        ((1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2), (4, 4)), ("raw", "lzw", "deflate")
    ):
        yield Cell(
            "TIFF",
            f"YCbCr, colours reduced by {reduced}, {packing}",
            partial(reduced_colours, reduced=reduced, compression=_PACKINGS[packing]),
            tolerance=3.0,
            quick=packing == "raw" and reduced == (2, 2),
        )
    for reduced, tile in itertools.product(((1, 1), (2, 1), (2, 2)), (None, (64, 64))):
        yield Cell(
            "TIFF",
            f"YCbCr as JPEG, colours reduced by {reduced}, {tile or 'strips'}",
            tiff(
                colour,
                photometric=_YCBCR,
                compression=7,
                rows=64,
                tile=tile,
                tags={530: (3, [*reduced])},
            ),
            tolerance=3.0,
        )
    for separate, tile in itertools.product((False, True), (None, (64, 64))):
        name = f"{tile or 'strips'}{', separate planes' * separate}"
        shape = {"separate": separate, "tile": tile, "rows": 64, "compression": 7}
        yield Cell(
            "TIFF",
            f"RGB as JPEG, {name}",
            tiff(colour, photometric=_RGB, **shape),
            tolerance=3.0,
            quick=separate,
        )
        yield Cell(
            "TIFF",
            f"CMYK as JPEG, {name}",
            tiff(inks, photometric=_CMYK, **shape),
            tolerance=3.0,
        )
        yield Cell(
            "TIFF",
            f"RGB and alpha as JPEG, {name}",
            tiff(with_alpha(colour, 255), photometric=_RGB, extra=(2,), **shape),
            tolerance=3.0,
        )
        yield Cell(
            "TIFF", f"grey as JPEG, {name}", tiff(grey, **shape), plain="grey", tolerance=3.0
        )
    for way in ("jpeg", "tiff_lzw", "tiff_adobe_deflate", "zstd", "lzma", "packbits"):
        yield Cell("TIFF", f"by Pillow, {way}", partial(by_pillow, way=way), tolerance=3.0)


def by_pillow(page: Page, way: str) -> bytes:
    """Return what Pillow and LibTIFF write; JPEG with its tables apart."""
    out = io.BytesIO()
    page.colour.save(out, "TIFF", compression=way)
    return out.getvalue()


def lab(space: str, bits: int) -> Take:
    """Return what makes L, a and b as a space stores them."""

    def taken(page: Page) -> Samples:
        ways = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        made = ImageCms.profileToProfile(page.colour, *ways, outputMode="LAB")
        assert made is not None
        samples = np.asarray(made)  # L of 255; a and b are signed
        light, apart = (
            samples[:, :, :1].astype(np.int64),
            samples[:, :, 1:].astype(np.int8).astype(np.int64),
        )
        if space == "ITULab":
            a, b = apart[:, :, :1] * 255 / 170 + 128, apart[:, :, 1:] * 255 / 200 + 96
            return np.concatenate([light, a.round(), b.round()], axis=2).clip(0, 255)
        if bits == 8:
            stored = apart & 255 if space == "CIELab" else apart + 128
            return np.concatenate([light, stored], axis=2)
        if space == "CIELab":
            return np.concatenate([light * 257, (apart * 256) & 65535], axis=2)
        return np.concatenate([light * 256, apart * 256 + 32768], axis=2)

    return taken


def reduced_colours(page: Page, reduced: tuple[int, int], compression: int) -> bytes:
    """Return YCbCr whose colours are stored once for several pixels (TIFF 6.0, section 21)."""
    across, down = reduced
    samples = brightness_and_colours(page)
    height, width = samples.shape[:2]
    padded = np.pad(samples, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge")
    units = padded.reshape(padded.shape[0] // down, down, -1, across, 3).swapaxes(1, 2)
    light = units[..., 0].reshape(*units.shape[:2], -1)
    tints = units[..., 1:].mean(axis=(2, 3)).round().astype(np.uint8)
    rows = np.concatenate([light, tints], axis=2).reshape(units.shape[0], -1)
    stored = packed(rows, compression)
    tags: dict[int, Field] = {530: (3, [across, down])}
    return written(
        Tiff(samples, photometric=_YCBCR, compression=compression, tags=tags, blocks=(stored,))
    )


def _extra_samples() -> Iterator[Cell]:
    for bits, separate, packing in itertools.product((8, 16), (False, True), ("raw", "lzw")):
        whole = (1 << bits) - 1
        name = f"{bits} bits, {packing}{', separate planes' * separate}"
        shape: dict[str, Any] = {
            "bits": bits,
            "separate": separate,
            "compression": _PACKINGS[packing],
        }
        kinds: dict[str, tuple[int, tuple[int, ...]]] = {
            "of no kind": (whole // 3, (0,)),
            "associated": (whole, (1,)),
            "unassociated": (whole, (2,)),
            "unsaid": (whole, ()),
            "unassociated, zero": (0, (2,)),
            "unsaid, zero": (0, ()),
        }
        for kind, (value, extra) in kinds.items():
            yield Cell(
                "TIFF",
                f"colour and alpha {kind}, {name}",
                tiff(with_alpha(deep(colour, bits), value), photometric=_RGB, extra=extra, **shape),
                quick=separate and packing == "raw",
            )
            if extra:
                yield Cell(
                    "TIFF",
                    f"grey and alpha {kind}, {name}",
                    tiff(with_alpha(deep(grey, bits), value), extra=extra, **shape),
                    plain="grey",
                )
        yield Cell(
            "TIFF",
            f"colour, two more samples, {name}",
            tiff(with_alpha(deep(colour, bits), 7, whole), photometric=_RGB, extra=(0, 2), **shape),
        )
        yield Cell(
            "TIFF",
            f"CMYK and a spot colour, {name}",
            tiff(with_alpha(deep(inks, bits), 7), photometric=_CMYK, extra=(0,), **shape),
        )


def _directories() -> Iterator[Cell]:
    mask = Tiff(np.ones((SIZE[1], SIZE[0], 1), np.uint8), 1, photometric=_MASK)
    told = dataclasses.replace(mask, tags={254: (4, [4])})
    for name, one in (("its tag", told), ("its photometric", mask)):
        yield Cell(
            "TIFF", f"a transparency mask by {name} behind the page", among([], [one]), quick=True
        )
        yield Cell(
            "TIFF", f"a transparency mask by {name} before the page", among([one], []), quick=True
        )
    for number, kind, value in ((254, 4, 1), (254, 3, 1), (255, 3, 2)):
        tags: dict[int, Field] = {number: (kind, [value])}
        small = Tiff(np.zeros((80, 60, 1), np.uint8), tags=tags, order=">")
        name = f"thumbnail by tag {number} of type {kind}"
        yield Cell("TIFF", f"a {name} behind the page", among([], [small]), quick=True)
        yield Cell("TIFF", f"a {name} before the page", among([small], []), quick=True)
        yield Cell(
            "TIFF",
            f"the only page calls itself a {name}",
            tiff(colour, photometric=_RGB, tags=tags),
            quick=True,
        )
    left_out = {
        "samples of a pixel": 277,
        "photometric": 262,
        "rows of a strip": 278,
        "planes": 284,
        "compression": 259,
    }
    for what, tag in left_out.items():
        yield Cell(
            "TIFF",
            f"colour, without the tag of {what}",
            tiff(colour, photometric=_RGB, omitted=frozenset({tag})),
        )
    for bits, separate in itertools.product((8, 16), (False, True)):
        yield Cell(
            "TIFF",
            f"colour, {bits} bits, lengths of strips zero{', separate planes' * separate}",
            tiff(
                deep(colour, bits),
                bits=bits,
                photometric=_RGB,
                separate=separate,
                tags={279: (4, [0] * (3 if separate else 1))},
            ),
            quick=separate,
        )
    for bits in (8, 16):
        yield Cell(
            "TIFF",
            f"grey, {bits} bits, without the lengths of its strips",
            tiff(deep(grey, bits), bits=bits, omitted=frozenset({279})),
            plain="grey",
        )
    yield Cell(
        "TIFF",
        "colour, the depth told once",
        tiff(deep(colour, 16), bits=16, photometric=_RGB, tags={258: (3, [16])}),
    )


def among(before: list[Tiff], behind: list[Tiff]) -> Write:
    """Return what writes the page among other directories."""

    def write(page: Page) -> bytes:
        order = [*before, *behind][0].order
        whole = Tiff(colour(page), photometric=_RGB, compression=8, order=order)
        return written(*before, whole, *behind)

    return write


def _shapes() -> Iterator[Cell]:
    """Oblong pixels in every unit, and lying pages."""
    for (across, down), unit in itertools.product(_RESOLUTIONS, (1, 2, 3, None)):
        for kind in ("grey", "bilevel"):
            tags: dict[int, Field] = {282: (5, [across, 1]), 283: (5, [down, 1])}
            tags |= {296: (3, [unit])} if unit else {}

            def write(
                page: Page,
                kind: str = kind,
                shape: tuple[int, int] = (across, down),
                tags: dict[int, Field] = tags,
            ) -> bytes:
                image = squat(page.grey, *shape)
                if kind == "grey":
                    return written(Tiff(np.asarray(image)[:, :, np.newaxis], tags=tags))
                black = np.asarray(image.point([0] * 160 + [1] * 96))[:, :, np.newaxis]
                return written(Tiff(1 - black, 1, photometric=0, compression=4, tags=tags))

            yield Cell(
                "TIFF",
                f"{kind}, {across} x {down}, unit {unit}",
                write,
                plain="grey",
                tolerance=3.0 if kind == "grey" else 12.0,
                quick=kind == "bilevel" and unit == 1,
            )
    for orientation, bits, oblong in itertools.product(range(1, 9), (1, 8, 12, 16), (0, 1)):

        def lie(
            page: Page,
            orientation: int = orientation,
            bits: int = bits,
            oblong: int = oblong,
        ) -> bytes:
            image = papers.turned(page.grey, orientation)
            tags: dict[int, Field] = {274: (3, [orientation])}
            if oblong:
                image = squat(image, 204, 98)
                tags |= {282: (5, [204, 1]), 283: (5, [98, 1])}
            if bits == 1:
                image = image.point([0] * 160 + [255] * 96)
            samples = np.asarray(image).astype(np.float64)[:, :, np.newaxis]
            samples = (samples / 255 * ((1 << bits) - 1)).round().astype(np.uint64)
            return written(Tiff(samples, bits, tags=tags))

        yield Cell(
            "TIFF",
            f"orientation {orientation}, {bits} bits{', 204 x 98' * oblong}",
            lie,
            plain="grey",
            tolerance=12.0 if bits == 1 else 3.0,
            quick=orientation == 6 and oblong == 1,
        )


def _pictures_inside() -> Iterator[Cell]:
    forms = {"JPEG 2000": (34712, "JPEG2000"), "WebP": (50001, "WEBP")}
    for name, (compression, form) in forms.items():
        for tile in (None, (128, 128)):

            def write(
                page: Page,
                compression: int = compression,
                form: str = form,
                tile: tuple[int, int] | None = tile,
            ) -> bytes:
                wide, high = tile or SIZE
                blocks = []
                for top, left in itertools.product(
                    range(0, SIZE[1], high), range(0, SIZE[0], wide)
                ):
                    part = page.colour.crop((left, top, left + wide, top + high))
                    out = io.BytesIO()
                    way: dict[str, Any] = (
                        {"no_jp2": True} if form == "JPEG2000" else {"quality": 95}
                    )
                    part.save(out, form, **way)
                    blocks.append(out.getvalue())
                return written(
                    Tiff(
                        colour(page),
                        photometric=_RGB,
                        compression=compression,
                        tile=tile,
                        blocks=tuple(blocks),
                    )
                )

            yield Cell("TIFF", f"{name} in {tile or 'one strip'}", write, tolerance=3.0, quick=True)
    refused = {
        50002: "JPEG XL",
        34661: "JBIG",
        22610: "JPEG XR",
        34887: "LERC",
        34676: "LogLuv",
        32809: "",
        65000: "compression 65000",
    }
    for compression, words in refused.items():
        if words:
            yield Cell(
                "TIFF",
                f"{words} inside",
                tiff(colour, photometric=_RGB, tags={259: (3, [compression])}),
                refusal=words,
                quick=True,
            )
    yield Cell(
        "TIFF",
        "raw samples of a camera",
        tiff(deep(grey, 16), bits=16, photometric=32803),
        refusal="camera",
        plain="grey",
        quick=True,
    )
    yield Cell(
        "TIFF",
        "complex numbers",
        tiff(deep(grey, 16), bits=16, kind=5),
        refusal="complex",
        plain="grey",
        quick=True,
    )


def _old_jpeg() -> Iterator[Cell]:
    for way in ("whole", "its head apart", "its tables apart"):
        yield Cell(
            "TIFF",
            f"old-style JPEG, {way}",
            partial(old_jpeg, way=way),
            tolerance=3.0,
            quick=way == "whole",
        )
    yield Cell(
        "TIFF",
        "old-style JPEG of grey",
        tiff(grey, compression=6, blocks=(b"\xff\xd8\xff\xd9",)),
        refusal="old-style JPEG",
        plain="grey",
        quick=True,
    )


def old_jpeg(page: Page, way: str) -> bytes:
    """Return the page as TIFF 6.0, section 22, has it and nobody writes any more."""
    out = io.BytesIO()
    page.colour.save(out, "JPEG", quality=92, subsampling=2)
    data = out.getvalue()
    tags: dict[int, Field] = {512: (3, [1]), 530: (3, [2, 2])}
    if way != "its tables apart":
        tags |= {513: (4, [8]), 514: (4, [len(data)])}  # data begins behind the header of 8 bytes
        if way == "its head apart":
            start = data.index(b"\xff\xda") + 14
            tags |= {273: (4, [8 + start]), 279: (4, [len(data) - start])}
        return written(Tiff(colour(page), photometric=6, compression=6, blocks=(data,), tags=tags))
    tables, stored = _jpeg_tables(data)
    tags[279] = (4, [len(stored)])
    for tag, kind in ((519, 0xDB), (520, 0xC4), (521, 0xD4)):
        places = []
        for table in tables[kind][:2]:
            places.append(8 + len(stored))
            stored += table + bytes(len(table) % 2)
        tags[tag] = (4, [places[0], places[1], places[1]])
    return written(Tiff(colour(page), photometric=6, compression=6, blocks=(stored,), tags=tags))


def _jpeg_tables(data: bytes) -> tuple[dict[int, list[bytes]], bytes]:
    """Return the tables for quantizing (DB), DC (C4) and AC (D4), and the coded picture."""
    found: dict[int, list[bytes]] = {0xDB: [], 0xC4: [], 0xD4: []}
    at = 2
    while data[at + 1] != 0xDA:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        left = data[at + 4 : at + 2 + length]
        while kind in {0xDB, 0xC4} and left:
            size = 64 if kind == 0xDB else 16 + sum(left[1:17])
            found[kind + (left[0] & 16)].append(left[1 : 1 + size])
            left = left[1 + size :]
        at += 2 + length
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    stored = data[at + 2 + length : -2]
    return found, stored + bytes(len(stored) % 2)


CELLS: Final[list[Cell]] = [
    *_depths(),
    *_white_is_zero(),
    *_bilevel(),
    *_floats(),
    *_integers(),
    *_predictors_and_blocks(),
    *_palettes(),
    *_colour_spaces(),
    *_extra_samples(),
    *_directories(),
    *_shapes(),
    *_pictures_inside(),
    *_old_jpeg(),
]
