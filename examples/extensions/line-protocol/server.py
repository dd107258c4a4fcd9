"""Defines a server of the line protocol to try tests on: SET key value, GET key. It listens on 127.0.0.1, port 7070 or the first argument."""

import socketserver
import sys


class Store(socketserver.StreamRequestHandler):
    values = {}

    def handle(self):
        for line in self.rfile:
            command, _, rest = line.decode().strip().partition(" ")
            key, _, value = rest.partition(" ")
            self.wfile.write((self.answer(command, key, value) + "\n").encode())

    def answer(self, command, key, value):
        if command == "SET":
            self.values[key] = value
            return "OK"
        if command == "GET":
            return f"OK {self.values[key]}" if key in self.values else "ERROR no such key"
        return f"ERROR there is no command {command}"


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


port = int(sys.argv[1]) if len(sys.argv) > 1 else 7070
with Server(("127.0.0.1", port), Store) as server:
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
