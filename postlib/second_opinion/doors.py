"""What a fenced process may reach of a lab: a recursive resolver, and a tunnel to the web servers. Both are opened for one opinion.

The resolver is a fresh one, not the lab's own at 192.0.2.10: that one answers from a cache for as long as the TTL says,
and would judge yesterday's records beside a report on today's.
"""

from __future__ import annotations

import asyncio

from postlib.lab.dns.recursor import Recursor
from postlib.lab.listener import bind_pair
from postlib.network import Network
from postlib.resolver import Resolver
from postlib.second_opinion.tunnel import LOOPBACK, Tunnel

Door = tuple[str, int]


class Doors:
    """`resolver` answers DNS over UDP and TCP on one number, `proxy` is the tunnel; from `open` until `close`."""

    def __init__(self, network: Network) -> None:
        self._recursor = Recursor(Resolver(network))
        self._tunnel = Tunnel(network)

    async def open(self) -> Doors:
        """Listen on loopback ports that the system chooses."""
        tcp, udp = bind_pair()
        self._stream, self._datagrams = await self._recursor.serve_tcp(tcp), await self._recursor.serve_udp(udp)
        await self._tunnel.open()
        self.resolver: Door = tcp.getsockname()[:2]
        self.proxy: Door = (LOOPBACK, self._tunnel.port)
        return self

    async def close(self) -> None:
        """Close both."""
        self._stream.close()
        self._datagrams.close()
        await self._tunnel.close()
        await asyncio.sleep(0)  # so that the transports end before the loop goes on
