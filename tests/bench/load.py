"""The load: prepared requests over kept-alive connections, closed loop or open loop, bounded in count.

Runs as a process of its own and prints one JSON line: throughput, p50, p99 and how many answers were wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import pickle
import time
from pathlib import Path

import uvloop


class Http(asyncio.Protocol):
    """One connection: sends the next request when the last answer is whole."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.buffer = b""
        self.sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        if self.work.rate == 0:
            self.send_next()

    def send_next(self) -> None:
        request = self.work.next()
        if request is None:
            return
        self.send(request, time.perf_counter())

    def send(self, request: bytes, due_s: float) -> None:
        self.sent_s = due_s
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer = self.buffer + data if self.buffer else data
        head = buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = buffer.lower().find(b"content-length: ", 0, head)
        length = int(buffer[at + 16 : buffer.find(b"\r", at)]) if at >= 0 else 0
        if len(buffer) < head + 4 + length:
            return
        self.buffer = b""
        self.work.answered(time.perf_counter() - self.sent_s, buffer[9:12])
        if self.work.rate == 0:
            self.send_next()
        else:
            self.work.idle.append(self)


class Smtp(asyncio.Protocol):
    """One SMTP session that sends mail after mail, waiting for every answer."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.buffer = b""
        self.steps: list[bytes] = [b"EHLO load.example.org\r\n"]
        self.sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            if line[3:4] != b"-":
                self.reply(line)

    def reply(self, line: bytes) -> None:
        if not self.steps:
            if self.sent_s:
                self.work.answered(time.perf_counter() - self.sent_s, line[:3])
                self.sent_s = 0.0
            mail = self.work.next()
            if mail is None:
                return
            self.steps = [
                b"MAIL FROM:<sam@example.com>\r\n",
                b"RCPT TO:<999@intake.example.org>\r\n",
                b"DATA\r\n",
                mail + b"\r\n.\r\n",
            ]
            self.sent_s = time.perf_counter()
        self.transport.write(self.steps.pop(0))  # type: ignore[attr-defined]


class Work:
    def __init__(self, requests: list[bytes], rate: float):
        self.requests = requests
        self.rate = rate
        self.index = 0
        self.latencies: list[float] = []
        self.wrong = 0
        self.idle: list[Http] = []
        self.done = asyncio.Event()

    def next(self) -> bytes | None:
        if self.index >= len(self.requests):
            return None
        self.index += 1
        return self.requests[self.index - 1]

    def answered(self, took_s: float, status: bytes) -> None:
        self.latencies.append(took_s)
        if status[:1] != b"2":
            self.wrong += 1
        if len(self.latencies) == len(self.requests):
            self.done.set()

    async def offer(self) -> None:
        """Open loop: each request has its time, whether or not the server keeps up."""
        start_s = time.perf_counter()
        for number in range(len(self.requests)):
            due_s = start_s + number / self.rate
            while (wait_s := due_s - time.perf_counter()) > 0:
                await asyncio.sleep(wait_s)
            while not self.idle:
                await asyncio.sleep(0.0002)
            request = self.next()
            assert request is not None
            self.idle.pop().send(request, due_s)


async def run(args: argparse.Namespace) -> dict[str, float]:
    requests = pickle.loads(Path(args.requests).read_bytes())
    work = Work(requests, args.rate)
    protocol = Smtp if args.smtp else Http
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: protocol(work), "127.0.0.1", args.port)
        for _ in range(args.connections)
    ]
    if args.rate:
        work.idle = [one for _, one in made if isinstance(one, Http)]
    start_s = time.perf_counter()
    offering = asyncio.ensure_future(work.offer()) if args.rate else None
    async with asyncio.timeout(120):
        await work.done.wait()
    took_s = time.perf_counter() - start_s
    if offering:
        await offering
    for transport, _ in made:
        transport.close()
    ordered = sorted(work.latencies)
    return {
        "per_s": len(ordered) / took_s,
        "p50_ms": ordered[len(ordered) // 2] * 1e3,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
        "wrong": work.wrong,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--requests", required=True)
    parser.add_argument("--smtp", action="store_true")
    print(json.dumps(uvloop.run(run(parser.parse_args()))))
