"""Defines a guest that sends with what its own language has for it, componentize-py's event loop over `wasi:http`.

`HOST` is the authority that it sends to: at once, `REQUESTS` times (2), with a body of `BODY_BYTES` (0).
"""

import asyncio
import json

from poll_loop import PollLoop, Sink, Stream, send
from wit_world import exports
from wit_world.imports import execution, log, metrics
from wit_world.imports.types import Fields, Method_Post, OutgoingRequest, Scheme_Http


class Lifecycle(exports.Lifecycle):
    def init(self) -> None:
        pass

    def describe(self) -> str:
        return json.dumps({"options": {}, "functions": ["default"], "lifecycle": []})

    def setup(self) -> bytes | None:
        return None

    def iterate(self, function: int) -> None:
        loop = PollLoop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(all_at_once())

    def teardown(self) -> None:
        pass

    def handle_summary(self, data: str) -> list[tuple[str, bytes]]:
        return []


async def all_at_once() -> None:
    requests = int(execution.env("REQUESTS") or "2")
    for status, size in await asyncio.gather(*(post() for _ in range(requests))):
        metrics.check("status is 200", status == 200)
        log.log(log.Level.INFO, "answer " + json.dumps({"status": status, "size": size}))


async def post() -> tuple[int, int]:
    request = OutgoingRequest(Fields.from_list([("x-own", b"yes")]))
    request.set_method(Method_Post())
    request.set_scheme(Scheme_Http())
    request.set_authority(execution.env("HOST") or "127.0.0.1:8080")
    request.set_path_with_query("/post")
    sink = Sink(request.body())
    _, response = await asyncio.gather(write(sink), send(request))
    size = 0
    stream = Stream(response.consume())
    while (piece := await stream.next()) is not None:
        size += len(piece)
    return response.status(), size


async def write(sink: Sink) -> None:
    await sink.send(b"p" * int(execution.env("BODY_BYTES") or "0"))
    sink.close()
