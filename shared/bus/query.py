"""Asking a service: nameko's RPC protocol over plain kombu, with a timeout. The gateway reads by it, nothing else does.

A request goes to the exchange `nameko-rpc` under `<service>.<method>`; its answer comes back there under the name of
the asker's own queue, told apart by correlation id. Bodies are JSON: `{"args", "kwargs"}` and `{"result", "error"}`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import orjson
import structlog

from shared.bus.connection import BrokerLoop, Link, declare, declare_shared
from shared.bus.publisher import Outgoing, Publisher
from shared.bus.topology import RPC, reply_queue, rpc_queue
from shared.errors import Forbidden, Malformed, Missing, PlatformError, Refused, Unavailable

ANSWER_BYTES_MAX = 1_048_576
TIMEOUT_S = 3.0
_JSON = "application/json"
_ERRORS: dict[str, type[PlatformError]] = {
    error.__name__: error for error in (Refused, Forbidden, Missing, Unavailable, Malformed)
}

log = structlog.get_logger()


class QueryClient:
    """Safe for any number of threads. One more thread waits for the answers."""

    def __init__(self, uri: str, service: str) -> None:
        self._service = service
        self._publisher = Publisher(uri, f"{service} queries")
        self._answers: dict[str, Future[bytes]] = {}
        self._reply_to: str | None = None
        self._loop = BrokerLoop(uri, f"{service} answers", self._serve)
        self.start = self._loop.start

    def stop(self, within_s: float = 3.0) -> None:
        self._loop.stop(within_s)
        self._publisher.close()

    def call(self, service: str, method: str, /, *args: object, timeout_s: float = TIMEOUT_S, **kwargs: object) -> Any:
        """The service's answer. Raises Unavailable when there is none in time, or the service's own PlatformError."""
        reply_to = self._reply_to
        if reply_to is None:
            raise Unavailable("broker_unavailable", detail="not connected")
        identity = uuid.uuid4().hex
        answer: Future[bytes] = Future()
        self._answers[identity] = answer
        body = orjson.dumps({"args": args, "kwargs": kwargs})
        request = Outgoing(
            RPC,
            f"{service}.{method}",
            body,
            _JSON,
            persistent=False,
            mandatory=True,
            expiration_ms=max(1, int(timeout_s * 1000)),  # nobody waits for it any longer
            properties={
                "reply_to": reply_to,
                "correlation_id": identity,
                "headers": {"nameko.call_id_stack": [f"{self._service}.{identity}"]},
            },
        )
        try:
            self._publisher.publish([request])
            return _result(answer.result(timeout_s))
        except TimeoutError as error:
            raise Unavailable("no_answer", service=service, timeout_s=timeout_s) from error
        finally:
            self._answers.pop(identity, None)

    def _serve(self, link: Link) -> None:
        declare_shared(link)
        channel = link.channel()
        queue = reply_queue(self._service)
        declare(channel, queue)
        channel.basic_consume(queue.name, no_ack=True, callback=self._take)
        self._loop.serving()
        self._reply_to = queue.name
        try:
            while not self._loop.stopping.is_set():
                link.drain(0.5)
        finally:
            self._reply_to = None

    def _take(self, raw: Any) -> None:
        answer = self._answers.get(raw.properties.get("correlation_id"))
        if answer is not None and not answer.done():
            answer.set_result(_bytes(raw))


class QueryServer:
    """Answers the queries to one service, one after the other; survives a missing broker."""

    def __init__(self, uri: str, service: str, methods: Mapping[str, Callable[..., Any]]) -> None:
        self._service = service
        self._methods = methods
        self._replies = Publisher(uri, f"{service} replies")
        self._loop = BrokerLoop(uri, f"{service} queries", self._serve)
        self.start = self._loop.start

    def stop(self, within_s: float = 3.0) -> None:
        self._loop.stop(within_s)
        self._replies.close()

    def _serve(self, link: Link) -> None:
        declare_shared(link)
        channel = link.channel()
        queue = rpc_queue(self._service)
        declare(channel, queue)
        channel.basic_qos(0, 10, False)
        channel.basic_consume(queue.name, callback=lambda raw: self._take(channel, raw))
        self._loop.serving()
        while not self._loop.stopping.is_set():
            link.drain(0.5)

    def _take(self, channel: Any, raw: Any) -> None:
        body = self._answer(raw.delivery_info["routing_key"].rpartition(".")[2], _bytes(raw))
        reply_to, identity = raw.properties.get("reply_to"), raw.properties.get("correlation_id")
        if reply_to is not None:
            properties = {"correlation_id": identity}
            self._replies.publish([Outgoing(RPC, reply_to, body, _JSON, persistent=False, properties=properties)])
        channel.basic_ack(raw.delivery_tag)

    def _answer(self, method: str, body: bytes) -> bytes:
        try:
            answer = orjson.dumps({"result": self._call(method, body), "error": None})
            if len(answer) > ANSWER_BYTES_MAX:
                raise Malformed("answer_too_large", bytes=len(answer), bytes_max=ANSWER_BYTES_MAX)
        except PlatformError as error:
            return _error(type(error).__name__, str(error), [error.code, error.params])
        except Exception as error:
            log.exception("defect while answering a query", method=method)
            return _error(type(error).__name__, str(error), [str(error)])
        return answer

    def _call(self, method: str, body: bytes) -> Any:
        call = self._methods.get(method)
        if call is None:
            raise Missing("query_unknown", method=method)
        try:
            request = orjson.loads(body)
            args, kwargs = request["args"], request["kwargs"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise Malformed("query_malformed", method=method) from error
        return call(*args, **kwargs)


def _error(kind: str, sentence: str, args: list[object]) -> bytes:
    described = {"exc_type": kind, "exc_path": f"shared.errors.{kind}", "exc_args": args, "value": sentence}
    return orjson.dumps({"result": None, "error": described}, default=str)


def _result(body: bytes) -> Any:
    answer = orjson.loads(body)
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    kind = _ERRORS.get(error.get("exc_type"))
    if kind is None:
        raise Unavailable("query_failed", detail=str(error.get("value"))[:200])
    code, params = error["exc_args"]
    raise kind(code, **params)


def _bytes(raw: Any) -> bytes:
    return raw.body.encode() if isinstance(raw.body, str) else bytes(raw.body)
