"""Defines a test in Python: every user orders something, and what comes back is checked.

It shows most of what a test can do: options and thresholds, setup, data that all users share, a custom metric,
checks, a group, a request that may fail, and several requests at once.
"""

import json
import traceback

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import client, clock, execution, log, metrics, random, shared, waiting

SECOND = 1_000_000_000

USERS = [
    {"name": "lorem", "article": "hat"},
    {"name": "dolorem", "article": "shoe"},
    {"name": "amet", "article": "glove"},
]


class Orders:
    """One virtual user: what it keeps from one iteration to the next."""

    def __init__(self) -> None:
        self.base = execution.env("BASE_URL") or "http://127.0.0.1:8080"
        self.orders = metrics.Metric.register("orders", metrics.Kind.COUNTER, metrics.Unit.NONE)
        self.server_time = metrics.Metric.register("server_time", metrics.Kind.TREND, metrics.Unit.TIME)
        # One copy in the engine for all users; the first one makes it.
        self.users = shared.SharedList.open("users") or shared.SharedList.create(
            "users", [json.dumps(user).encode() for user in USERS]
        )

    def order(self) -> None:
        user = json.loads(self.users.item(random.next() % self.users.length()))
        token = json.loads(execution.setup_data())["token"]

        metrics.begin_group("order")
        request = client.Request("POST", f"{self.base}/post")
        request.set_header("content-type", "application/json")
        request.set_header("authorization", f"Bearer {token}")
        request.set_body(json.dumps(user).encode())
        request.set_timeout(5 * SECOND)
        with request.send() as response:
            metrics.check("status is 200", response.status() == 200)
            metrics.check("name comes back", json.loads(response.body())["json"]["name"] == user["name"])
            self.server_time.add(response.timings().waiting / 1e6)
        metrics.end_group()

        self.orders.add_tagged(1, [("article", user["article"])])
        clock.sleep(SECOND // 2)

    def browse(self) -> None:
        # Whichever page is there first, but no longer than a second.
        pages = [client.Request("GET", f"{self.base}/{page}").start() for page in ("get", "headers")]
        timer = waiting.after(SECOND)
        first = waiting.wait_any([page.done() for page in pages] + [timer])
        if not metrics.check("a page came within a second", first < len(pages)):
            return
        try:
            response = pages[first].take()
            metrics.check("page is there", response.status() == 200)
        except Err as error:
            # A request without a response is a value: this one is only logged.
            log.log(log.Level.WARN, f"no page: {error.value.message} (code {error.value.code})")
        clock.sleep(SECOND // 2)


class Lifecycle(exports.Lifecycle):
    """What the engine calls."""

    vu: Orders
    functions = ("order", "browse")

    def init(self) -> None:
        Lifecycle.vu = Orders()

    def describe(self) -> str:
        return json.dumps(
            {
                "options": {
                    "scenarios": {
                        "orders": {"executor": "constant-vus", "vus": 2, "duration": "5s", "exec": "order"},
                        "browsing": {"executor": "constant-vus", "vus": 2, "duration": "5s", "exec": "browse"},
                    },
                    "thresholds": {"checks": ["rate>0.99"], "http_req_duration": ["p(95)<500"]},
                },
                "functions": self.functions,
                "lifecycle": ["setup"],
            }
        )

    def setup(self) -> bytes | None:
        return json.dumps({"token": "secret"}).encode()

    def iterate(self, function: int) -> None:
        try:
            getattr(Lifecycle.vu, self.functions[function])()
        except Exception as error:
            # Without this an exception would end the virtual user and not only its iteration.
            raise Err("".join(traceback.format_exception(error))) from None

    def teardown(self) -> None:
        pass

    def handle_summary(self, data: str) -> list[tuple[str, bytes]]:
        raise Err("this test makes no summary of its own")
