"""Unpack small streams of a PDF, bounded: the library would unpack a bomb to its end."""

import zlib

import pikepdf


def filter_of(stream: pikepdf.Stream) -> tuple[str, pikepdf.Dictionary] | None:
    """Return the one filter of a stream, "" for none, and its parameters; None for a chain."""
    name, parameters = stream.get("/Filter"), stream.get("/DecodeParms")
    if isinstance(name, pikepdf.Array):
        if len(name) != 1 or (isinstance(parameters, pikepdf.Array) and len(parameters) != 1):
            return None
        name = name[0]
    if isinstance(parameters, pikepdf.Array):
        parameters = parameters[0]
    if not isinstance(parameters, pikepdf.Dictionary):
        parameters = pikepdf.Dictionary()
    return ("" if name is None else str(name)), parameters


def unpacked(stream: object, most: int) -> bytes | None:
    """Return what a stream holds.

    Args:
        stream: Plain, or packed by Flate and nothing else.
        most: Bytes that it may have.

    Returns:
        Its bytes; None when they are more, damaged, packed otherwise, or in another file.
    """
    if not isinstance(stream, pikepdf.Stream) or "/F" in stream or most <= 0:
        return None
    packing = filter_of(stream)
    if packing is None or len(packing[1]):
        return None
    raw = stream.read_raw_bytes()
    if packing[0] == "":
        return raw if len(raw) <= most else None
    if packing[0] != "/FlateDecode":
        return None
    unpacking = zlib.decompressobj()
    try:
        whole = unpacking.decompress(raw, most)
    except zlib.error:
        return None
    return whole if unpacking.eof else None
