"""Defines the guest that uses the whole contract from Python; `tests/guests/c/contract.c` is the same one in C."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import client, clock, execution, files, log, metrics, random, shared, waiting

MILLISECOND = 1_000_000


class Contract:
    def __init__(self) -> None:
        self.base = execution.env("BASE_URL") or "http://127.0.0.1:8080"
        self.closed = execution.env("CLOSED_URL") or "http://127.0.0.1:1/"
        self.orders = metrics.Metric.register("orders", metrics.Kind.COUNTER, metrics.Unit.NONE)
        self.users = shared.SharedList.open("users") or shared.SharedList.create(
            "users", [b"lorem", b"dolorem", b"amet"]
        )
        self.missing_file = refused(lambda: files.open("no-such-file"))

    def default(self) -> None:
        self.get_and_checks()
        self.post()
        self.failing_request()
        self.several_at_once()
        self.the_rest()

    def get_and_checks(self) -> None:
        with client.get(f"{self.base}/get") as response:
            metrics.check("status is 200", response.status() == 200)
            metrics.check("body is not empty", response.body_size() == len(response.body()) > 0)
            metrics.check("protocol is HTTP/1.1", response.protocol() == "HTTP/1.1")
            metrics.check("header is there", response.header("Content-Type") is not None)

    def post(self) -> None:
        user = self.users.item(execution.vu_iteration() % self.users.length())
        metrics.begin_group("order")
        request = client.Request("POST", f"{self.base}/post")
        request.set_header("content-type", "text/plain")
        request.set_body(user)
        request.set_tag("name", "order")
        request.set_timeout(5000 * MILLISECOND)
        response = request.send()
        metrics.check_tagged("the user comes back", user in response.body(), [("kind", "order")])
        metrics.end_group()
        self.orders.add(1)
        self.orders.add_tagged(2, [("user", user.decode())])

    def failing_request(self) -> None:
        try:
            client.get(self.closed)
            code = 0
        except Err as error:
            code = error.value.code
        metrics.check("a refused connection is error 1212", code == 1212)

    def several_at_once(self) -> None:
        slow, fast = (client.Request("GET", f"{self.base}/delay/{s}").start() for s in ("0.3", "0.1"))
        timer = waiting.after(10_000 * MILLISECOND)
        first = waiting.wait_any([slow.done(), fast.done(), timer])
        metrics.check("the fast one is first", first == 1)
        metrics.check("both are 200", fast.take().status() == slow.take().status() == 200)

    def the_rest(self) -> None:
        begun = clock.now()
        clock.sleep(10 * MILLISECOND)
        metrics.check("sleep takes its time", clock.now() - begun >= 10 * MILLISECOND)
        metrics.check("the wall clock is past 2020", clock.wall() > 1_577_836_800 * 1000 * MILLISECOND)
        metrics.check("random bytes are as many as asked", len(random.bytes(16)) == 16)
        metrics.check("VUs count from 1", execution.vu_in_test() >= 1)
        metrics.check("setup's data is here", execution.setup_data() == b"from setup")
        metrics.check("nothing is beyond the end", self.users.item(99) is None)
        metrics.check("a missing file is refused", self.missing_file)
        metrics.check("files are opened in init only", refused(lambda: files.open("contract.py")))
        log.log(log.Level.INFO, f"iteration {execution.vu_iteration()} done")


def refused(call) -> bool:
    try:
        call()
        return False
    except Err:
        return True


class Lifecycle(exports.Lifecycle):
    vu: Contract

    def init(self) -> None:
        Lifecycle.vu = Contract()

    def describe(self) -> str:
        return json.dumps(
            {
                "options": {"vus": 2, "iterations": 4},
                "functions": ["default", "fails"],
                "lifecycle": ["setup", "teardown", "handle-summary"],
                "sdk": {"name": "componentize-py", "version": "0.25.1"},
            }
        )

    def setup(self) -> bytes | None:
        return b"from setup"

    def iterate(self, function: int) -> None:
        if function == 1:
            raise Err("fails on purpose")
        Lifecycle.vu.default()

    def teardown(self) -> None:
        log.log(log.Level.INFO, "teardown done")

    def handle_summary(self, data: str) -> list[tuple[str, bytes]]:
        iterations = json.loads(data)["metrics"]["iterations"]["values"]["count"]
        return [("stdout", f"own summary: {iterations} iterations\n".encode())]
