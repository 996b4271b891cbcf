"""The PROXY protocol header, version 2: what a lab's Network writes is read back, and nothing else is taken."""

import asyncio
import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postlib.lab.proxy import LONGEST, SIGNATURE, parse, read_header
from postlib.network import proxy_header

FOUR = "192.0.2.25", "198.51.100.7", 25
SIX = "2001:db8::25", "2001:db8:1::7", 443
GOOD = proxy_header(*FOUR)


def read(octets: bytes) -> tuple[tuple[str, str, int], bytes]:
    """The header read from a stream, and what is left in the stream."""

    async def work() -> tuple[tuple[str, str, int], bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(octets)
        reader.feed_eof()
        return await read_header(reader), await reader.read()

    return asyncio.run(work())


@pytest.mark.parametrize("ends", [FOUR, SIX])
def test_the_addresses_are_read_and_not_an_octet_beyond(ends: tuple[str, str, int]) -> None:
    assert read(proxy_header(*ends) + b"EHLO") == (ends, b"EHLO")


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6), st.data(), st.integers(0, 65535))
def test_what_the_network_writes_is_what_is_read(source: ipaddress.IPv4Address, data: st.DataObject, port: int) -> None:
    destination = data.draw(st.ip_addresses(v=source.version))
    assert parse(proxy_header(str(source), str(destination), port)) == (str(source), str(destination), port)


def test_extensions_behind_the_addresses_are_passed_over() -> None:
    """Section 2.2: the receiver skips the TLVs it does not know."""
    tlv = b"\x04\x00\x03abc"
    assert read(GOOD[:14] + (12 + len(tlv)).to_bytes(2) + GOOD[16:] + tlv + b"rest") == (FOUR, b"rest")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"PROXY TCP4 192.0.2.25 198.51.100.7 49152 25\r\n", "does not begin with"),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "does not begin with"),
        (SIGNATURE + b"\x20\x00\x00\x00", "names addresses"),  # LOCAL
        (SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12), "names addresses"),  # version 1 in binary
        (SIGNATURE + b"\x21\x12\x00\x0c" + bytes(12), "only TCP"),  # UDP
        (SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216), "only TCP"),  # a Unix socket
        (SIGNATURE + b"\x21\x11\x00\x0b" + bytes(11), "too short"),
        (SIGNATURE + b"\x21\x21\x00\x0c" + bytes(12), "too short"),
        (SIGNATURE + b"\x21\x11\xff\xff" + bytes(65535), f"{LONGEST} are the most"),
    ],
)
def test_any_other_beginning_is_refused(header: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(header)


def test_a_stream_that_ends_within_the_header_is_an_end_of_file() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(EOFError):
            read(GOOD[:length])


@given(st.binary(max_size=600) | st.binary(max_size=600).map(lambda tail: SIGNATURE + tail))
@example(b"")
@example(SIGNATURE)
@example(GOOD + b"x")
def test_any_octets_give_a_header_or_a_value_error(octets: bytes) -> None:
    try:
        source, destination, port = parse(octets)
    except ValueError:
        return
    assert ipaddress.ip_address(source).version == ipaddress.ip_address(destination).version and 0 <= port <= 65535
    assert octets.startswith(proxy_header(source, destination, port)[:13])
