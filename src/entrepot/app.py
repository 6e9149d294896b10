"""The ASGI application."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from entrepot.config import Settings
from entrepot.observe import METRICS_TYPE, render_metrics


def create_app(settings: Settings, database_url: str) -> ASGIApp:
    """The application of one worker process, on the database behind the URL."""
    del settings, database_url
    return Starlette(routes=[Route("/healthz", _healthz), Route("/metrics", _metrics)])


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _metrics(_request: Request) -> Response:
    return Response(render_metrics(), media_type=METRICS_TYPE)
