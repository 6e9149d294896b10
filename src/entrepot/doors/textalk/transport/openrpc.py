"""The OpenRPC document of the door, made from the dispatch table and the declarations."""

from typing import Final

from entrepot import __version__
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import Classes
from entrepot.doors.textalk.pattern.schemas import object_schema
from entrepot.doors.textalk.rpc.methods import Method, MethodTable, Param
from entrepot.doors.textalk.wire.errors import MESSAGES
from entrepot.doors.textalk.wire.json import Json

VERSION: Final = "1.3.2"
_CALLERS: Final = {
    Audience.ANONYMOUS: "anybody",
    Audience.BUYER: "buyers, by the context parameter session",
    Audience.ADMIN: "administrators, by the context parameter auth",
}


def openrpc(methods: MethodTable, classes: Classes) -> dict[str, Json]:
    """The document: every method with its parameters and result, every class, and every error code."""
    schemas: dict[str, Json] = {name: object_schema(decl) for name, decl in sorted(classes.items())}
    errors: dict[str, Json] = {
        str(int(code)): {"code": int(code), "message": message} for code, message in MESSAGES.items()
    }
    return {
        "openrpc": VERSION,
        "info": {"title": "Entrepôt: the Textalk door", "version": __version__},
        "methods": [_method(methods[name]) for name in sorted(methods)],
        "components": {"schemas": schemas, "errors": errors},
    }


def _method(method: Method) -> dict[str, Json]:
    return {
        "name": method.name,
        "summary": method.summary,
        "description": f"For {_CALLERS[method.audience]}.{_demands(method)}",
        "paramStructure": "by-position",
        "params": [_param(param) for param in method.params],
        "result": {"name": "result", "schema": dict(method.result)},
    }


def _demands(method: Method) -> str:
    needs = {
        " Needs the context parameter webshop.": method.needs_webshop,
        " Needs the context parameter session.": method.needs_session,
        " Needs TLS where the shop demands it.": method.carries_credentials,
    }
    return "".join(words for words, needed in needs.items() if needed)


def _param(param: Param) -> dict[str, Json]:
    return {"name": param.name, "required": param.required, "schema": dict(param.schema)}
