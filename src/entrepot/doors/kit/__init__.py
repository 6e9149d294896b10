"""What all doors share: reading requests under limits, routing, replying, and the pages of the catalogue."""

from entrepot.doors.kit.batching import TickBatcher, by_workspace
from entrepot.doors.kit.body import BODY_SECONDS, MAX_BODY, Body, Disconnected, read_body
from entrepot.doors.kit.cors import CorsPolicy
from entrepot.doors.kit.endpoint import (
    Answer,
    Bodiless,
    Door,
    Endpoint,
    GuardedEndpoint,
    Operation,
    silent,
)
from entrepot.doors.kit.failing.pages import FailurePages, describe
from entrepot.doors.kit.failing.tables import DoorFailures, OwnCode, Said, sampled
from entrepot.doors.kit.failing.unimplemented import with_missing
from entrepot.doors.kit.headers import (
    CHALLENGE,
    Header,
    content_type_is_json,
    header,
    media_type,
    reply_headers,
    request_id,
)
from entrepot.doors.kit.lazy import LazyDoor
from entrepot.doors.kit.messages import Reply, Request, route_path, send_reply
from entrepot.doors.kit.observing.calls import Account, Call
from entrepot.doors.kit.observing.exchanges import Exchange, Observer, observers
from entrepot.doors.kit.observing.keeps import BODIES, NOTHING, CallKeeps, Keeps
from entrepot.doors.kit.routing import WEBSOCKET, Resource, Router
from entrepot.doors.kit.services import Services, services_of
from entrepot.doors.kit.sockets import refuse_socket
from entrepot.doors.kit.switch import DoorSwitch
from entrepot.doors.kit.wire import MAX_DEPTH, decode_json, decode_large, encode

__all__ = [
    "BODIES",
    "BODY_SECONDS",
    "CHALLENGE",
    "MAX_BODY",
    "MAX_DEPTH",
    "NOTHING",
    "WEBSOCKET",
    "Account",
    "Answer",
    "Bodiless",
    "Body",
    "Call",
    "CallKeeps",
    "CorsPolicy",
    "Disconnected",
    "Door",
    "DoorFailures",
    "DoorSwitch",
    "Endpoint",
    "Exchange",
    "FailurePages",
    "GuardedEndpoint",
    "Header",
    "Keeps",
    "LazyDoor",
    "Observer",
    "Operation",
    "OwnCode",
    "Reply",
    "Request",
    "Resource",
    "Router",
    "Said",
    "Services",
    "TickBatcher",
    "by_workspace",
    "content_type_is_json",
    "decode_json",
    "decode_large",
    "describe",
    "encode",
    "header",
    "media_type",
    "observers",
    "read_body",
    "refuse_socket",
    "reply_headers",
    "request_id",
    "route_path",
    "sampled",
    "send_reply",
    "services_of",
    "silent",
    "with_missing",
]
