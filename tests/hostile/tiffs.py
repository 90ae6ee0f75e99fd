"""Hostile TIFFs: loops, lies and bombs, classic and big."""

import struct
import zlib
from collections.abc import Iterator, Sequence

from tests.hostile.cases import Hostile, case
from tests.hostile.parts import Entry, fields, long, picture, short, tiff

_LARGE = {"too_large"}
_HEAD = 8


def cases() -> Iterator[Hostile]:
    """Return every hostile TIFF."""
    yield from _directories()
    yield from _sizes()
    yield from _data()
    yield from _big()
    sound = picture("TIFF")
    for share in (1, 10, 50, 95):
        cut = len(sound) * share // 100
        yield case(f"tiff cut off at {share} %", "tif", lambda cut: sound[: max(5, cut)], cut)


def _replaced(tag: int, entry: Entry, **options: int) -> list[Entry]:
    return [entry if have[0] == tag else have for have in fields(**options)]


def _with(*more: Entry) -> list[Entry]:
    return sorted([*fields(), *more])


def _directories() -> Iterator[Hostile]:
    place = _HEAD + 4096
    yield case("directory that follows itself", "tif", lambda: tiff([fields()], following=place))
    yield case(
        "directories that follow each other",
        "tif",
        lambda: tiff([fields(), fields()], following=place),
    )
    yield case("chain of 30,000 directories", "tif", lambda: tiff([fields()] * 30_000), heavy=True)
    yield case("thousand pages", "tif", lambda: tiff([fields()] * 1000))
    yield case("no directory", "tif", lambda: b"II*\0\0\0\0\0" + bytes(100))
    yield case("directory beyond the file", "tif", lambda: b"II*\0\xff\xff\xff\x7f" + bytes(100))
    yield case("directory in the header", "tif", lambda: b"II*\0\x02\0\0\0" + bytes(100))
    yield case("directory of no entries", "tif", lambda: tiff([[]]))
    yield case(
        "directory of 65,535 entries", "tif", lambda: b"II*\0\x08\0\0\0\xff\xff" + bytes(900)
    )
    yield case("second directory in garbage", "tif", lambda: tiff([fields()], following=300))
    yield case(
        "directories of directories in a circle",
        "tif",
        lambda: tiff([_with(long(330, place), long(34665, place), long(34853, place))]),
    )
    yield case("thumbnails only", "tif", lambda: tiff([_with(long(254, 1))] * 3))
    yield case(
        "the same entry 200 times",
        "tif",
        lambda: tiff([sorted([*fields(), *[long(270, 9)] * 200])]),
    )
    yield case("entries of unknown kinds", "tif", lambda: tiff([_with((65000, 99, 9, b"abcd"))]))
    yield case(
        "entry of 2 to the 32 values",
        "tif",
        lambda: tiff([_replaced(273, (273, 4, 2**32 - 1, struct.pack("<I", 8)))]),
    )
    yield case(
        "text entry of 2 to the 32 letters",
        "tif",
        lambda: tiff([_with((270, 2, 2**32 - 1, struct.pack("<I", 8)))]),
    )
    yield case("both byte orders at once", "tif", lambda: b"MM" + tiff([fields()])[2:])


def _sizes() -> Iterator[Hostile]:
    most = 2**32 - 1
    yield case("TIFF of 2 to the 64 pixels", "tif", lambda: tiff([fields(most, most)]))
    yield case(
        "TIFF of 60,000 by 60,000", "tif", lambda: tiff([fields(60_000, 60_000)]), expect=_LARGE
    )
    yield case(
        "small page, then one of 60,000 by 60,000",
        "tif",
        lambda: tiff([fields(), fields(60_000, 60_000)]),
        expect=_LARGE,
    )
    yield case("TIFF of no size", "tif", lambda: tiff([fields(0, 0)]))
    yield case("TIFF of 190 megapixels without data", "tif", lambda: tiff([fields(13_800, 13_800)]))
    yield case("strips of no rows", "tif", lambda: tiff([_replaced(278, long(278, 0))]))
    yield case("strips of 2 to the 32 rows", "tif", lambda: tiff([_replaced(278, long(278, most))]))
    yield case("strip beyond the file", "tif", lambda: tiff([fields(offset=10**9)]))
    yield case("strip of 4 GB", "tif", lambda: tiff([fields(count=most)]))
    yield case("strip of no bytes", "tif", lambda: tiff([fields(count=0)]))
    yield case("64,000 strips in one place", "tif", lambda: tiff([_strips(64_000)]), heavy=True)
    tiles = (long(322, 0), long(323, 0), long(324, 8), long(325, 4096))
    yield case("tiles of no size", "tif", lambda: tiff([_tiled(*tiles)]))
    tiles_large = (long(322, 2**31), long(323, 2**31), long(324, 8), long(325, 4096))
    yield case("tiles of 2 to the 62 pixels", "tif", lambda: tiff([_tiled(*tiles_large)]))
    yield case(
        "a million tiles",
        "tif",
        lambda: tiff(
            [
                _tiled(
                    long(322, 16),
                    long(323, 16),
                    long(324, *[8] * 9),
                    long(325, *[256] * 9),
                    size=13_000,
                )
            ]
        ),
    )
    for bits in (0, 7, 64, 60_000):
        yield case(f"TIFF of {bits} bits", "tif", lambda bits: tiff([fields(bits=bits)]), bits)
    yield case("TIFF of 10,000 colours", "tif", lambda: tiff([_replaced(277, short(277, 10_000))]))
    yield case(
        "resolution of one by nothing",
        "tif",
        lambda: tiff(
            [_with((282, 5, 1, struct.pack("<II", 1, 0)), (283, 5, 1, struct.pack("<II", 0, 0)))]
        ),
    )
    yield case(
        "pixels a million times as wide as high",
        "tif",
        lambda: tiff(
            [
                _with(
                    (282, 5, 1, struct.pack("<II", 1, 1)), (283, 5, 1, struct.pack("<II", 10**6, 1))
                )
            ]
        ),
    )
    yield case("orientation 200", "tif", lambda: tiff([_with(short(274, 200))]))
    yield case(
        "pages of a dot, a line and a sheet",
        "tif",
        lambda: tiff([fields(1, 1), fields(4096, 1), fields(1, 4096), fields()]),
    )


def _strips(count: int) -> list[Entry]:
    changed = {273: long(273, *[8] * count), 279: long(279, *[64] * count), 278: long(278, 1)}
    return [changed.get(entry[0], entry) for entry in fields(64, count)]


def _tiled(*tiles: Entry, size: int = 64) -> list[Entry]:
    kept = [entry for entry in fields(size, size) if entry[0] not in {273, 278, 279}]
    return sorted([*kept, *tiles])


def _data() -> Iterator[Hostile]:
    names = {
        2: "old fax",
        3: "fax",
        4: "G4 fax",
        5: "LZW",
        6: "old JPEG",
        7: "JPEG",
        8: "deflate",
        32773: "PackBits",
        34925: "LZMA",
        50000: "Zstandard",
        50001: "WebP",
        9999: "unknown",
    }
    for number, name in names.items():
        yield case(
            f"TIFF of garbage, {name}",
            "tif",
            lambda n: tiff([fields(compression=n, bits=1 if n < 5 else 8)], b"\x93\x2b" * 2048),
            number,
        )
    squeezed = zlib.compress(bytes(13_800 * 13_800), 9)
    yield case(
        "TIFF of 190 megapixels of nothing",
        "tif",
        lambda: tiff([fields(13_800, 13_800, compression=8, count=len(squeezed))], squeezed),
        heavy=True,
    )
    lying = picture("JPEG")
    yield case(
        "JPEG in a TIFF that claims another size",
        "tif",
        lambda: tiff([fields(9000, 9000, compression=7, count=len(lying))], lying),
    )
    runs = b"\x81\x00" * 300_000
    yield case(
        "PackBits without an end",
        "tif",
        lambda: tiff([fields(64, 64, compression=32773, count=len(runs))], runs),
    )
    yield case("palette without a palette", "tif", lambda: tiff([_replaced(262, short(262, 3))]))
    yield case("prediction of floats", "tif", lambda: tiff([_with(short(317, 3))]))
    yield case(
        "planes apart that are not there",
        "tif",
        lambda: tiff([sorted([*_replaced(277, short(277, 3)), short(284, 2)])]),
    )
    yield case(
        "colours by an unknown rule", "tif", lambda: tiff([_replaced(262, short(262, 4242))])
    )


def _big() -> Iterator[Hostile]:
    yield case("big TIFF that follows itself", "tif", lambda: _bigtiff([], 16))
    yield case("big TIFF of 2 to the 63 entries", "tif", lambda: _bigtiff([], 0, count=2**63))
    yield case("big TIFF beyond the file", "tif", lambda: b"II+\0\x08\0\0\0" + b"\xff" * 8)
    yield case(
        "big TIFF of 3-byte offsets", "tif", lambda: b"II+\0\x03\0\0\0" + b"\x10" + bytes(90)
    )
    entry = struct.pack("<HHQQ", 273, 16, 2**61, 16)
    yield case("big TIFF with 2 to the 61 strips", "tif", lambda: _bigtiff([entry], 0))


def _bigtiff(entries: Sequence[bytes], following: int, *, count: int | None = None) -> bytes:
    number = len(entries) if count is None else count
    table = struct.pack("<Q", number) + b"".join(entries) + struct.pack("<Q", following)
    return b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + table + bytes(64)
