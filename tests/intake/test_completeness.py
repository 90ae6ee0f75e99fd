import errno
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from docsorter.documents import ReasonCode
from docsorter.intake.completeness import End, check_end, end_of


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: data[offset : offset + length]


def verdict(data: bytes) -> End:
    return end_of(len(data), reader(data))


def noise() -> Image.Image:
    return Image.effect_noise((300, 200), 80).convert("RGB")


def save(path: Path, form: str, **options: object) -> bytes:
    image = noise()
    if form == "HEIF":
        pillow_heif.from_pillow(image).save(path)
    elif options.pop("bilevel", False):
        image.convert("1").save(path, form, **options)
    else:
        image.save(path, form, **options)
    return path.read_bytes()


FORMATS: list[tuple[str, dict[str, object]]] = [
    ("PDF", {}),
    ("JPEG", {}),
    ("PNG", {}),
    ("WEBP", {}),
    ("BMP", {}),
    ("HEIF", {}),
    ("AVIF", {}),
    ("GIF", {}),
    ("JPEG2000", {}),
    ("JPEG2000", {"no_jp2": True}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {"compression": "jpeg"}),
    ("TIFF", {"compression": "group4", "bilevel": True}),
    ("TIFF", {"big_tiff": True}),
    ("TIFF", {"save_all": True, "append_images": [noise(), noise()]}),
]
IDS = [f"{form}-{'-'.join(map(str, options))}" for form, options in FORMATS]


@pytest.mark.parametrize(("form", "options"), FORMATS, ids=IDS)
def test_a_whole_file_has_its_end_and_a_cut_one_has_not(
    tmp_path: Path, form: str, options: dict[str, object]
) -> None:
    data = save(tmp_path / "whole", form, **dict(options))
    assert check_end(tmp_path / "whole").end is End.COMPLETE
    for part in (0.3, 0.5, 0.9, 0.98):
        cut = tmp_path / f"cut-{part}"
        cut.write_bytes(data[: int(len(data) * part)])
        assert check_end(cut).end is End.MISSING, part


@pytest.mark.parametrize(("form", "options"), FORMATS[:3], ids=IDS[:3])
def test_junk_behind_the_end_is_forgiven(
    tmp_path: Path, form: str, options: dict[str, object]
) -> None:
    data = save(tmp_path / "whole", form, **dict(options))
    assert verdict(data + b"\0" * 900) is End.COMPLETE


def test_the_motorola_byte_order_is_read_too() -> None:
    strips = b"\xaa" * 100
    fields = struct.pack(">HHII", 273, 4, 1, 8) + struct.pack(">HHII", 279, 4, 1, 100)
    data = b"MM\0*" + struct.pack(">I", 108) + strips
    data += struct.pack(">H", 2) + fields + struct.pack(">I", 0)
    assert verdict(data) is End.COMPLETE
    assert verdict(data[:-1]) is End.MISSING
    longer = data.replace(
        struct.pack(">HHII", 279, 4, 1, 100), struct.pack(">HHII", 279, 4, 1, 999)
    )
    assert verdict(longer) is End.MISSING


def test_a_tiff_whose_directories_form_a_ring_ends_the_search() -> None:
    field = struct.pack("<HHII", 256, 4, 1, 8)
    data = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + field + struct.pack("<I", 8)
    assert verdict(data) is End.COMPLETE


def test_a_tiff_without_a_first_directory_is_still_being_written() -> None:
    assert verdict(b"II*\0\0\0\0\0" + b"\x55" * 500) is End.MISSING


def test_space_reserved_and_not_written_yet_is_no_document() -> None:
    assert verdict(b"\0" * 100_000) is End.MISSING


@pytest.mark.parametrize(
    "data", [b"plain text, no picture", b"BMW is a car, this is no picture", b"PK"]
)
def test_formats_without_a_known_end_have_no_opinion(data: bytes) -> None:
    assert verdict(data) is End.UNKNOWN


MAGIC = [
    b"%PDF-1.7",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"II*\0",
    b"MM\0*",
    b"II+\0\x08\0\0\0",
    b"RIFF\x10\0\0\0WEBP",
    b"\0\0\0\x18ftypheic",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
    b"GIF89a",
    b"BM",
    b"",
]


@given(st.sampled_from(MAGIC), st.binary(max_size=3000))
def test_no_garbage_raises_and_little_is_read(magic: bytes, rest: bytes) -> None:
    data = magic + rest
    total = 0

    def counted(offset: int, length: int) -> bytes:
        nonlocal total
        total += len(data[offset : offset + length])
        return data[offset : offset + length]

    assert end_of(len(data), counted) in set(End)
    assert total < 500_000


@given(st.binary(min_size=8, max_size=400))
def test_no_damaged_tiff_raises(rest: bytes) -> None:
    for start in (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10" + b"\0" * 7):
        assert verdict(start + rest) in {End.COMPLETE, End.MISSING}


def test_the_check_tells_size_and_time_of_the_open_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"abc")
    found = check_end(file)
    assert (found.end, found.size) == (End.UNKNOWN, 3)
    assert found.mtime_ns == file.stat().st_mtime_ns


def test_links_pipes_sockets_and_missing_files_are_gone(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        directory = os.open(tmp_path, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{directory}/sock")
        os.close(directory)
        for name in ("link", "pipe", "sock", "nothing", "link/below"):
            assert check_end(tmp_path / name).end is End.GONE, name


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.EBUSY, ReasonCode.BUSY),
        (errno.ETXTBSY, ReasonCode.BUSY),
        (errno.EAGAIN, ReasonCode.BUSY),
        (errno.EACCES, ReasonCode.NO_PERMISSION),
        (errno.ESTALE, ReasonCode.STORAGE_GONE),
    ],
)
def test_a_file_that_cannot_be_opened_is_busy_with_its_reason(
    tmp_path: Path, code: int, reason: ReasonCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"x")

    def refuse(path: Path, flags: int) -> int:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr("docsorter.intake.completeness.os.open", refuse)
    found = check_end(file)
    assert found.end is End.BUSY
    assert found.reason is not None
    assert found.reason.code is reason


def test_an_error_while_reading_is_busy_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"x")

    def fail(descriptor: int, length: int, offset: int) -> bytes:
        raise OSError(errno.EIO, "error")

    monkeypatch.setattr("docsorter.intake.completeness.os.pread", fail)
    assert check_end(file).end is End.BUSY
