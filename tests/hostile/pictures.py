"""Hostile PNG, JPEG, WebP, BMP and HEIC."""

import struct
import zlib
from collections.abc import Iterator

from tests.hostile.cases import Hostile, case
from tests.hostile.parts import (
    bitmap,
    box,
    chunk,
    deflated_zeros,
    patched,
    picture,
    png,
    riff,
    rows,
    segment,
)
from tests.pages.papers import png_of_zeros

_LARGE = {"too_large"}


def cases() -> Iterator[Hostile]:
    """Return every hostile picture but TIFF."""
    yield from _pngs()
    yield from _jpegs()
    yield from _webps()
    yield from _bitmaps()
    yield from _heics()
    for suffix in ("png", "jpeg", "webp", "bmp", "heif"):
        sound = picture(suffix.upper())
        for share in (1, 10, 50, 95):
            yield case(
                f"{suffix} cut off at {share} %",
                suffix,
                lambda sound, share: sound[: max(1, len(sound) * share // 100)],
                sound,
                share,
            )


def _pngs() -> Iterator[Hostile]:
    most = 2**31 - 1
    yield case("PNG of 2 to the 62 pixels", "png", lambda: png(most, most), expect=_LARGE)
    yield case(
        "PNG of 60,000 by 60,000",
        "png",
        lambda: png(60_000, 60_000, rows(8, 8), bits=1),
        expect=_LARGE,
    )
    yield case(
        "PNG of 196 megapixels of nothing",
        "png",
        lambda: png_of_zeros(14_000, 14_000, bits=1, colour=0, rows=14_000),
        heavy=True,
    )
    yield case(
        "PNG of 190 megapixels in 16-bit colour",
        "png",
        lambda: png_of_zeros(13_800, 13_800, bits=16, colour=6, rows=400),
        heavy=True,
    )
    yield case("PNG of no width", "png", lambda: png(0, 8, rows(8, 8)))
    yield case("PNG of no height", "png", lambda: png(8, 0, rows(8, 8)))
    yield case("PNG without data", "png", lambda: png(64, 64))
    yield case("PNG with a tenth of its rows", "png", lambda: png(64, 640, rows(64, 64)))
    yield case("PNG with garbage for data", "png", lambda: png(64, 64, chunk(b"IDAT", b"x" * 999)))
    yield case(
        "PNG with a wrong check sum",
        "png",
        lambda: png(64, 64, chunk(b"IDAT", zlib.compress(bytes(4160)), crc=1)),
    )
    yield case("PNG without an end", "png", lambda: png(64, 64, rows(64, 64), end=b""))
    yield case("PNG with two headers", "png", lambda: png(8, 8, png(9999, 9999)[8:33], rows(8, 8)))
    yield case("PNG of unknown depth", "png", lambda: png(8, 8, rows(8, 8), bits=77))
    yield case("PNG of unknown colours", "png", lambda: png(8, 8, rows(8, 8), colour=5))
    yield case("PNG without its palette", "png", lambda: png(64, 64, rows(64, 64), colour=3))
    yield case("interlaced PNG", "png", lambda: png(64, 64, rows(64, 64), interlaced=1))
    yield case("interlaced PNG, cut", "png", lambda: png(640, 640, rows(64, 9), interlaced=1)[:90])
    yield case(
        "PNG with a chunk of 2 to the 31 bytes",
        "png",
        lambda: png(8, 8, struct.pack(">I", most) + b"zTXt" + b"x" * 50),
    )
    bomb = b"Comment\0\0"
    yield case(
        "PNG with 100 MB of text",
        "png",
        lambda: png(64, 64, chunk(b"zTXt", bomb + deflated_zeros(100)), rows(64, 64)),
    )
    yield case(
        "PNG with 100 MB of colour profile",
        "png",
        lambda: png(64, 64, chunk(b"iCCP", b"p\0\0" + deflated_zeros(100)), rows(64, 64)),
    )
    yield case(
        "PNG of 50,000 chunks",
        "png",
        lambda: png(64, 64, chunk(b"tEXt", b"a\0b") * 50_000, rows(64, 64)),
    )
    yield case(
        "PNG with a broken EXIF block",
        "png",
        lambda: png(64, 64, chunk(b"eXIf", b"II*\0\x08\0\0\0\xff\xff"), rows(64, 64)),
    )
    yield case(
        "PNG that moves for a million frames",
        "png",
        lambda: png(64, 64, chunk(b"acTL", struct.pack(">II", 1_000_000, 0)), rows(64, 64)),
    )


def _jpegs() -> Iterator[Hostile]:
    sound = picture("JPEG")
    at = sound.index(b"\xff\xc0")

    def sized(width: int, height: int) -> bytes:
        return sound[: at + 5] + struct.pack(">HH", height, width) + sound[at + 9 :]

    yield case("JPEG of 65,535 by 65,535", "jpg", lambda: sized(65_535, 65_535), expect=_LARGE)
    yield case("JPEG of 65,535 by 1", "jpg", lambda: sized(65_535, 1))
    yield case("JPEG of 13,000 by 13,000 without data", "jpg", lambda: sized(13_000, 13_000))
    yield case("JPEG of no size", "jpg", lambda: sized(0, 0))
    yield case("JPEG of 200 colours", "jpg", lambda: _changed(sound, at + 9, 200))
    yield case("JPEG of 0 bits", "jpg", lambda: _changed(sound, at + 4, 0))
    yield case("lossless JPEG", "jpg", lambda: _changed(sound, at + 1, 0xC3))
    yield case("arithmetic JPEG", "jpg", lambda: _changed(sound, at + 1, 0xC9))
    yield case("JPEG with 200 scans", "jpg", _many_scans)
    yield case("JPEG without its tables", "jpg", lambda: sound[:2] + sound[at:])
    yield case("JPEG without a frame", "jpg", lambda: sound[:at] + b"\xff\xd9")
    yield case("JPEG without an end", "jpg", lambda: sound[:-2])
    yield case("JPEG of two bytes and a half", "jpg", lambda: sound[:3])
    yield case("JPEG with a segment of no length", "jpg", lambda: sound[:2] + b"\xff\xe1\0\0")
    yield case(
        "JPEG of 5,000 comments", "jpg", lambda: _behind_start(segment(0xFE, b"x" * 99) * 5000)
    )
    yield case("JPEG with orientation 99", "jpg", lambda: _behind_start(_exif(99)))
    yield case("JPEG whose EXIF leads back to itself", "jpg", lambda: _behind_start(_exif_loop()))
    yield case(
        "JPEG with a cut EXIF block", "jpg", lambda: _behind_start(_exif(1)[:20] + b"\0" * 9)
    )
    icc = b"ICC_PROFILE\0" + bytes((9, 3))
    yield case(
        "JPEG with part 9 of 3 of a profile", "jpg", lambda: _behind_start(segment(0xE2, icc))
    )
    yield case("JPEG of several pictures that are not there", "jpg", lambda: _behind_start(_mpo()))
    yield case(
        "JPEG in four inks, inverted",
        "jpg",
        lambda: _behind_start(segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02")),
    )
    yield case("JPEG with garbage for data", "jpg", lambda: sound[:-400] + b"\xff\x00\x93" * 133)


def _changed(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([value]) + data[at + 1 :]


def _behind_start(block: bytes) -> bytes:
    sound = picture("JPEG")
    return sound[:2] + block + sound[2:]


def _many_scans() -> bytes:
    sound = picture("JPEG", (400, 400), progressive=True)
    scan = sound.rindex(b"\xff\xda")
    return sound[:scan] + sound[scan:-2] * 200 + b"\xff\xd9"


def _exif(orientation: int) -> bytes:
    directory = struct.pack("<HHHIII", 1, 0x0112, 3, 1, orientation, 0)
    return segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + directory)


def _exif_loop() -> bytes:
    pointers = struct.pack("<HHHIIHHIII", 2, 0x8769, 4, 1, 8, 0x8825, 4, 1, 8, 8)
    return segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + pointers)


def _mpo() -> bytes:
    entries = struct.pack(
        "<HHHI4sHHIIHHIII",
        3,
        0xB000,
        7,
        4,
        b"0100",
        0xB001,
        4,
        1,
        9999,
        0xB002,
        7,
        159984,
        4_000_000_000,
        0,
    )
    return segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + entries)


def _webps() -> Iterator[Hostile]:
    extended = struct.pack("<I", 0) + b"\xff\xff\xff" * 2
    yield case("WebP of 2 to the 48 pixels", "webp", lambda: riff((b"VP8X", extended)))
    lossless = b"\x2f" + struct.pack("<I", 0x3FFF | 0x3FFF << 14) + b"\0" * 60
    yield case("WebP of 268 megapixels", "webp", lambda: riff((b"VP8L", lossless)))
    frame = struct.pack("<I", 0x9D012A) + b"\xff\x3f\xff\x3f" + b"\0" * 60
    yield case(
        "lossy WebP of 268 megapixels", "webp", lambda: riff((b"VP8 ", b"\x10\0\0" + frame[1:]))
    )
    sound = picture("WEBP")
    yield case(
        "WebP longer than the file", "webp", lambda: sound[:4] + b"\xff\xff\xff\x7f" + sound[8:]
    )
    yield case("WebP of no length", "webp", lambda: sound[:4] + bytes(4) + sound[8:])
    yield case("WebP without a picture", "webp", riff)
    yield case("WebP with garbage for data", "webp", lambda: riff((b"VP8 ", b"\x93" * 500)))
    chunked = b"ANMF" + struct.pack("<I", 2**32 - 1)
    yield case(
        "moving WebP that lies",
        "webp",
        lambda: riff((b"VP8X", b"\x02\0\0\0\x3f\0\0\x3f\0\0"), (b"ANIM", bytes(6))) + chunked,
    )
    yield case(
        "WebP of 5,000 unknown chunks",
        "webp",
        lambda: riff(*[(b"JUNK", b"x")] * 5000, (b"VP8 ", sound[20:])),
    )


def _bitmaps() -> Iterator[Hostile]:
    most = 2**31 - 1
    yield case("bitmap of 2 to the 62 pixels", "bmp", lambda: bitmap(most, most), expect=_LARGE)
    yield case("bitmap of 14,000 by 14,000 without data", "bmp", lambda: bitmap(14_000, 14_000))
    yield case("bitmap of no size", "bmp", lambda: bitmap(0, 0))
    yield case("bitmap of a negative width", "bmp", lambda: bitmap(-64, 64))
    yield case("bitmap of the most negative height", "bmp", lambda: bitmap(64, -(2**31)))
    yield case("bitmap of 77 bits", "bmp", lambda: bitmap(8, 8, bits=77))
    yield case("bitmap of unknown compression", "bmp", lambda: bitmap(8, 8, compression=99))
    runs = b"\x00\x02\xff\xff" * 5000 + b"\x00\x01"
    yield case(
        "bitmap of jumps",
        "bmp",
        lambda: bitmap(13_000, 13_000, bits=8, compression=1, data=runs),
        heavy=True,
    )
    yield case(
        "bitmap of runs beyond its edge",
        "bmp",
        lambda: bitmap(8, 8, bits=8, compression=1, data=b"\xff\x41" * 5000),
    )
    sound = bitmap(16, 16, data=b"\x40" * 768)
    yield case(
        "bitmap whose data is beyond the file", "bmp", lambda: sound[:10] + b"\xff" * 4 + sound[14:]
    )
    yield case(
        "bitmap with a header of 2 to the 32 bytes",
        "bmp",
        lambda: sound[:14] + b"\xff" * 4 + sound[18:],
    )
    yield case(
        "bitmap of a billion colours",
        "bmp",
        lambda: sound[:46] + struct.pack("<I", 10**9) + sound[50:],
    )


def _heics() -> Iterator[Hostile]:
    sound = picture("HEIF")
    kind = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    yield case("HEIC of 2 to the 64 pixels", "heic", lambda: _larger(sound, b"\xff" * 8))
    yield case(
        "HEIC of 20,000 by 20,000",
        "heic",
        lambda: _larger(sound, struct.pack(">II", 20_000, 20_000)),
    )
    yield case("HEIC of no size", "heic", lambda: _larger(sound, bytes(8)))
    yield case("HEIC that is a label only", "heic", lambda: kind)
    yield case("HEIC with a box of no length", "heic", lambda: kind + box(b"meta", length=0))
    yield case("HEIC with a box of length 1", "heic", lambda: kind + box(b"meta", length=1))
    yield case(
        "HEIC with a box shorter than its head", "heic", lambda: kind + box(b"meta", length=4)
    )
    yield case(
        "HEIC with a box of 4 GB", "heic", lambda: kind + box(b"meta", b"x", length=2**32 - 1)
    )
    yield case("HEIC of 2,000 boxes in boxes", "heic", lambda: kind + _nested(2000))
    yield case("HEIC of 100,000 empty boxes", "heic", lambda: kind + box(b"free") * 100_000)
    yield case("HEIC with its data taken out", "heic", lambda: _without_data(sound))
    yield case(
        "HEIC with garbage for data",
        "heic",
        lambda: sound[: len(sound) // 2] + b"\x93" * (len(sound) // 2),
    )
    yield case("HEIC of unknown coding", "heic", lambda: patched(sound, b"hvc1", b"xxxx"))


def _larger(sound: bytes, size: bytes) -> bytes:
    at = sound.index(b"ispe") + 8
    return sound[:at] + size + sound[at + 8 :]


def _nested(levels: int) -> bytes:
    inner = b""
    for _ in range(levels):
        inner = box(b"meta", b"\0\0\0\0" + inner)
    return inner


def _without_data(sound: bytes) -> bytes:
    return sound[: sound.index(b"mdat") - 4]
