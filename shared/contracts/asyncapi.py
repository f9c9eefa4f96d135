"""The AsyncAPI 3 document of the bus, generated from the contracts: what others may subscribe to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.contracts import codec
from shared.contracts.envelope import CONTENT_TYPE, SPEC_VERSION
from shared.contracts.message import Command, Forwarded, Message, list_contracts, message_name
from shared.contracts.schema import Parts, Schema, object_schema

ASYNCAPI = "3.0.0"

_COMPONENTS = "#/components"


def asyncapi_document(
    version: str, *, events: str, commands: str, reports: str, host: str = "localhost:5672"
) -> dict[str, Any]:
    """`events`, `commands` and `reports` are the names of the exchanges, `host` where the broker is."""
    assert codec.PRODUCERS  # whoever describes the contracts has loaded them all
    parts = Parts(f"{_COMPONENTS}/schemas/")
    known = list_contracts()
    said = [cls for cls in known if not issubclass(cls, Command | Forwarded)]
    wished = [cls for cls in known if issubclass(cls, Command)]
    forwarded = [cls for cls in known if issubclass(cls, Forwarded)]
    messages = {_key(cls): _message(cls, parts) for cls in known}
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "urbanops",
            "version": version,
            "description": "Facts and wishes of a city's services, as CloudEvents 1.0 in structured JSON mode.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": {"host": host, "protocol": "amqp", "protocolVersion": "0.9.1"}},
        "channels": {
            "events": _channel(events, "topic", "{area}.{service}.{name}", said),
            "commands": _channel(commands, "direct", "commands.{service}.{area}", wished),
            "reports": _channel(reports, "direct", "reports.{service}.{area}", forwarded),
        },
        "operations": {
            "hear": {"action": "receive", "channel": {"$ref": "#/channels/events"}},
            "wish": {"action": "send", "channel": {"$ref": "#/channels/commands"}},
            "forward": {"action": "send", "channel": {"$ref": "#/channels/reports"}},
        },
        "components": {
            "messages": messages,
            "schemas": {"Envelope": _envelope_schema(), **dict(sorted(parts.schemas.items()))},
        },
    }


def _key(cls: type[Message]) -> str:
    return f"{message_name(cls)}.v{cls.version}"


def _channel(exchange: str, kind: str, address: str, carried: Sequence[type[Message]]) -> dict[str, Any]:
    meanings = {
        "area": "Path of the area with dots for slashes, such as tangshan.lubei.xinhuadao.",
        "service": "The service that says it, or that is to do it.",
        "name": "Name of the message, such as condition_raised.",
    }
    return {
        "address": address,
        "parameters": {name: {"description": text} for name, text in meanings.items() if f"{{{name}}}" in address},
        "messages": {_key(cls): {"$ref": f"{_COMPONENTS}/messages/{_key(cls)}"} for cls in carried},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": exchange, "type": kind, "durable": True, "autoDelete": False, "vhost": "/"},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _message(cls: type[Message], parts: Parts) -> dict[str, Any]:
    schema = object_schema(cls, parts)
    summary = schema.pop("description", None)
    payload: Schema = {
        "allOf": [{"$ref": f"{_COMPONENTS}/schemas/Envelope"}],
        "properties": {
            "type": {"type": "string", "pattern": rf"^urbanops\.[a-z0-9]+\.{message_name(cls)}\.v{cls.version}$"},
            "data": schema,
        },
        "required": ["data"],
    }
    described = {} if summary is None else {"summary": summary}
    schema_format = "application/schema+json;version=draft-07"
    return {
        "name": _key(cls),
        "title": cls.__name__,
        "contentType": CONTENT_TYPE,
        **described,
        "payload": {"schemaFormat": schema_format, "schema": payload},
    }


def _envelope_schema() -> Schema:
    text = {"type": "string", "minLength": 1}
    moment = {"type": "string", "format": "date-time"}
    return {
        "title": "Envelope",
        "description": f"CloudEvents {SPEC_VERSION} with the extension attributes of this platform.",
        "type": "object",
        "properties": {
            "specversion": {"const": SPEC_VERSION},
            "id": text,
            "source": {**text, "description": "<service>/<instance>/<store id>"},
            "subject": {**text, "description": "The area."},
            "type": text,
            "time": {**moment, "description": "City time, UTC."},
            "datacontenttype": {"const": "application/json"},
            "correlationid": text,
            "causationid": text,
            "seq": {"type": "integer", "minimum": 0, "description": "Grows by one per (source, subject)."},
            "deadline": {**moment, "description": "Commands: nobody may act on it after this moment (city time)."},
        },
        "required": ["specversion", "id", "source", "subject", "type", "time", "correlationid", "seq"],
    }
