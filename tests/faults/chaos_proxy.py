#!/usr/bin/env python3
"""A proxy for TCP whose links can be slow, lossy or cut. Bytes pass as they are: what runs over it is mutual TLS.

  chaos_proxy.py {"store-1": 7101, ...}

Listens on the loopback interface for each link, prints {"store-1": port, ...}, and then does what lines on stdin say,
and prints "done" for each:

  {"link": "store-1", "delay": 0.1, "loss": 0.05, "cut": "both"}

  delay   seconds that every byte is under way, each way
  loss    of chunks of up to 64 KiB: such a one, and all behind it, waits for 0.2 to 3 s, as TCP does until it has sent
          a lost segment again; one in ten of these ends its connection
  cut     "both": nothing passes and new connections get no answer, as if the network was gone; "answers": only what
          the server sends is held back. Nothing is lost, and it goes on where it stopped when the link is whole again,
          as TCP does.
A link is whole when none of these is given. It ends with its stdin.
"""

import asyncio
import json
import os
import random
import sys
import time

CHUNK = 1 << 16
UNDER_WAY = 64  # chunks, one way of a connection: no more is read than that


class Link:
    def __init__(self, name, port):
        self.name, self.port = name, port
        self.changed = asyncio.Event()
        self.set({})

    def set(self, settings):
        self.delay, self.loss, self.cut = settings.get('delay', 0), settings.get('loss', 0), settings.get('cut')
        self.changed.set()
        self.changed = asyncio.Event()

    async def passable(self, answers):
        while self.cut == 'both' or self.cut == 'answers' and answers:
            await self.changed.wait()

    async def serve(self, reader, writer):
        """One connection; it ends when either side does."""
        other = None
        try:
            await self.passable(answers=False)
            upstream, other = await asyncio.open_connection('127.0.0.1', self.port)
            ways = [
                asyncio.ensure_future(self.pump(reader, other, answers=False)),
                asyncio.ensure_future(self.pump(upstream, writer, answers=True)),
            ]
            _, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in rest:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass  # nobody listens there: the client's connection ends
        finally:
            for side in (writer, other):
                if side is not None:
                    side.transport.abort()

    async def pump(self, reader, writer, answers):
        under_way = asyncio.Queue(UNDER_WAY)
        sender = asyncio.ensure_future(self.send(under_way, writer, answers))
        try:
            while chunk := await reader.read(CHUNK):
                await self.put(under_way, sender, (time.monotonic() + self.delay, chunk))
            await self.put(under_way, sender, None)
            await sender
        finally:
            sender.cancel()

    @staticmethod
    async def put(under_way, sender, item):
        """Ends with an error if the sender has ended, who would take nothing more."""
        if not under_way.full() and not sender.done():
            under_way.put_nowait(item)
            return
        putting = asyncio.ensure_future(under_way.put(item))
        await asyncio.wait([putting, sender], return_when=asyncio.FIRST_COMPLETED)
        if not putting.done():
            putting.cancel()
            raise ConnectionResetError

    async def send(self, under_way, writer, answers):
        while (item := await under_way.get()) is not None:
            due, chunk = item
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            if self.loss and random.random() < self.loss:
                await asyncio.sleep(random.uniform(0.2, 3))
                if random.random() < 0.1:
                    raise ConnectionResetError
            await self.passable(answers)
            writer.write(chunk)
            await writer.drain()


async def follow_orders(links):
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        settings = json.loads(line)
        links[settings['link']].set(settings)
        print('done', flush=True)


async def main():
    links = {name: Link(name, port) for name, port in json.loads(sys.argv[1]).items()}
    servers = {name: await asyncio.start_server(link.serve, '127.0.0.1', 0) for name, link in links.items()}
    print(json.dumps({name: server.sockets[0].getsockname()[1] for name, server in servers.items()}), flush=True)
    await follow_orders(links)
    os._exit(0)  # connections that there are end with us


if __name__ == '__main__':
    asyncio.run(main())
