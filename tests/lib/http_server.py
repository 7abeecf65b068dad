#!/usr/bin/env python3
"""A scripted HTTP server for tests: records what it gets and answers what it is told, faults included.

    with HttpServer() as server:
        server.script(Reply(429, headers={"Retry-After": "7"}), Reply(drop=True))
        ...                              # whatever calls server.url
        request = server.wait(2)[1]      # waits until two requests have come
        assert request.path == "/hook" and request.json()["id"] == "7"

Replies are used up in order, then `default` answers. By hand: http_server.py --port 8080 --reply '{"status": 500}' prints
each request as one line of JSON. Standard library only; listens on loopback only.
"""
import argparse
import dataclasses
import http.server
import json
import socket
import ssl
import struct
import sys
import threading
import time

REQUEST_MAX = 4 * 1024 * 1024


@dataclasses.dataclass
class Request:
    """One request as it came; header names in lower case."""
    method: str
    path: str
    headers: dict
    body: bytes
    connection: int  # numbered from 1: the same number twice means the connection was kept
    at: float = dataclasses.field(default_factory=time.monotonic)  # when it had come, before anything was answered

    def json(self):
        return json.loads(self.body)


@dataclasses.dataclass
class Reply:
    """One answer. The faults come in this order: drop, delay, then how the answer is written."""
    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)
    body: object = b""        # bytes, str, or anything JSON can say
    delay: float = 0          # seconds before the first byte; ends early when the server stops
    hang: bool = False        # never answers, until the server stops
    drop: bool = False        # closes after the request was read, without a byte
    reset: bool = False       # the same with an RST instead of a FIN
    cut: int = None           # closes after so many bytes of the body, which was announced in full
    drip: float = 0           # seconds between the bytes of the body
    huge: int = 0             # body of so many bytes instead of `body`
    raw: bytes = None         # these bytes instead of any HTTP, then closes
    close: bool = False       # "Connection: close" behind a good answer

    def payload(self):
        if self.huge:
            return b"x" * self.huge
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, ensure_ascii=False).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.connection_number = self.server.owner.count_connection(self.connection)

    def finish(self):
        self.server.owner.forget_connection(self.connection)
        try:
            super().finish()
        except OSError:
            pass  # the peer has gone, which many tests want

    def log_message(self, format, *args):
        pass

    def handle_any(self):
        body = self.read_body()
        if body is None:
            return
        request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body,
                          self.connection_number)
        reply = self.server.owner.take(request)
        try:
            self.answer(reply)
        except OSError:
            self.close_connection = True  # the peer did not wait

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = handle_any

    def read_body(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > REQUEST_MAX or "Transfer-Encoding" in self.headers:
            self.send_error(413)
            self.close_connection = True
            return None
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def answer(self, reply):
        if reply.drop or reply.reset:
            self.hang_up(reply.reset)
            return
        stopping = self.server.owner.stopping
        if reply.hang or reply.delay:
            stopping.wait(None if reply.hang else reply.delay)
            if reply.hang or stopping.is_set():
                self.close_connection = True
                return
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.hang_up(False)
            return
        self.write_http(reply)

    def write_http(self, reply):
        payload = reply.payload()
        has_body = reply.status not in (204, 304) and reply.status >= 200
        if "Date" in reply.headers:
            self.send_response_only(reply.status)
        else:
            self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if has_body and "Content-Type" not in reply.headers:
            self.send_header("Content-Type", "text/plain" if isinstance(reply.body, (bytes, str)) else "application/json")
        if has_body:
            self.send_header("Content-Length", str(len(payload)))
        if reply.close:
            self.send_header("Connection", "close")
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.write_body(payload if reply.cut is None else payload[:reply.cut], reply.drip)
        if reply.cut is not None:
            self.hang_up(False)

    def write_body(self, payload, drip):
        if not drip:
            self.wfile.write(payload)
            return
        for i in range(len(payload)):
            self.wfile.write(payload[i:i + 1])
            if self.server.owner.stopping.wait(drip):
                return

    def hang_up(self, with_reset):
        self.close_connection = True
        if with_reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a peer that breaks off is no news
            super().handle_error(request, client_address)


class HttpServer:
    """Listens from the moment it is made until close()."""

    def __init__(self, port=0, default=None, certificate=None, key=None):
        self.default = default or Reply()
        self.stopping = threading.Event()
        self._changed = threading.Condition()
        self._script = []
        self._requests = []
        self._connections = 0
        self._open = set()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.owner = self
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            # the handshake belongs to the connection's thread: a peer that breaks it off must not stop the others
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        self.port = self._server.server_address[1]
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        with self._changed:
            still_open = list(self._open)
        for connection in still_open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has just ended by itself
        self._thread.join()

    def script(self, *replies):
        """Puts replies behind those not used yet."""
        with self._changed:
            self._script.extend(replies)

    def decide(self, request):
        """The answer when nothing is scripted; for subclasses."""
        return self.default

    def insist(self, request):
        """The answer whatever is scripted, or None; for subclasses."""
        return None

    @property
    def requests(self):
        with self._changed:
            return list(self._requests)

    @property
    def connections(self):
        """How many connections were made so far."""
        with self._changed:
            return self._connections

    @property
    def n_open(self):
        """How many of them are not yet closed."""
        with self._changed:
            return len(self._open)

    def wait(self, n, timeout=45):
        """All requests, once there are at least n of them."""
        return self.wait_for(lambda requests: len(requests) >= n, timeout)

    def wait_for(self, is_enough, timeout=45):
        """All requests, once is_enough(requests)."""
        with self._changed:
            if not self._changed.wait_for(lambda: is_enough(self._requests), timeout):
                raise AssertionError(f"only {len(self._requests)} requests in {timeout} s: {self._requests}")
            return list(self._requests)

    def take(self, request):
        reply = self.insist(request)
        with self._changed:
            if reply is None and self._script:
                reply = self._script.pop(0)
        if reply is None:
            reply = self.decide(request)
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
        return reply

    def count_connection(self, connection):
        with self._changed:
            self._connections += 1
            self._open.add(connection)
            return self._connections

    def forget_connection(self, connection):
        with self._changed:
            self._open.discard(connection)


def serve(make_server, description):
    """The command line that this server and those built on it share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate", help="PEM file: speak TLS")
    parser.add_argument("--key")
    parser.add_argument("--reply", action="append", default=[], help="fields of a Reply as JSON; may be repeated")
    options = parser.parse_args()
    with make_server(port=options.port, certificate=options.certificate, key=options.key) as server:
        server.script(*(Reply(**json.loads(text)) for text in options.reply))
        print(server.url, flush=True)
        seen = 0
        try:
            while True:
                for request in server.wait_for(lambda requests: len(requests) > seen, timeout=None)[seen:]:
                    seen += 1
                    print(json.dumps({"time": time.time(), **dataclasses.asdict(request),
                                      "body": request.body.decode(errors="replace")}, ensure_ascii=False), flush=True)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    serve(HttpServer, __doc__.splitlines()[0])
