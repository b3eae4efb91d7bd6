"""The handlers: one class a path, made from the table. They check who asks and how, and hand the rest to a thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from pressrun.errors import PressrunError
from pressrun.interfaces.lab.decoding import MAX_BODY_BYTES, Nothing, decode_order, decode_query, encode, is_json
from pressrun.interfaces.lab.desk import Asked, Desk
from pressrun.interfaces.lab.failures import failure, failure_of, status_of
from pressrun.interfaces.lab.routes import Route, by_path, check_table, pattern_of

RESOURCE = "pressrun"
OTHER_PAGES = frozenset({"cross-site", "same-site"})
"""What a browser says of a request that a page of another origin makes."""


class PanelHandler(APIHandler):
    """What all routes share."""

    auth_resource = RESOURCE

    def initialize(self, desk: Desk, executor: ThreadPoolExecutor) -> None:
        """Take what answers are made from."""
        self.desk = desk
        self.executor = executor

    def set_default_headers(self) -> None:
        """Let nobody guess what an answer is, nor keep it."""
        super().set_default_headers()
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    def compute_etag(self) -> None:
        """Nothing is kept, so nothing is compared."""

    async def prepare(self) -> None:  # type: ignore[override]  # as the server's own handlers do
        """Refuse what another page's script or form sends with this browser's cookie, reading included."""
        await super().prepare()
        # one that names its origin was held against the server's settings before
        unnamed = not self.token_authenticated and self.get_origin() is None
        if unnamed and self.request.headers.get("Sec-Fetch-Site") in OTHER_PAGES:
            raise web.HTTPError(HTTPStatus.FORBIDDEN, "The request comes from another page.")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what the server refused as everything else is said."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        known = isinstance(error, web.HTTPError) and status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}
        self.finish(encode(failure_of(status_code, (error.log_message or "") if known else "")))

    async def answer(self, route: Route, job: str = "") -> None:
        """Answer a request of somebody who may ask."""
        try:
            asked = await self._asked(route, job)
            run = partial(route.act, asked)
            found = await asyncio.get_running_loop().run_in_executor(self.executor, run)
        except PressrunError as error:
            self.set_status(status_of(error))
            if self.get_status() >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self.log.error("pressrun: %s", error)
            self.finish(encode(failure(error)))
            return
        self.set_status(route.status)
        self.finish(encode(found))

    async def _asked(self, route: Route, job: str) -> Asked:
        query = decode_query(self.request.query_arguments, route.query)
        order = self._order(route)
        write = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "write", RESOURCE))
        return Asked(desk=self.desk, order=order, query=query, job=job, write=bool(write))

    def _order(self, route: Route) -> Any:
        if route.order is None:
            return None
        if not is_json(self.request.headers.get("Content-Type", "")):
            raise web.HTTPError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        body = self.request.body
        if len(body) > MAX_BODY_BYTES:
            raise web.HTTPError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if route.order is Nothing and not body:
            return Nothing()
        return decode_order(body, route.order)


def handlers(
    routes: tuple[Route, ...], base_url: str, desk: Desk, executor: ThreadPoolExecutor
) -> list[tuple[str, type[PanelHandler], dict[str, Any]]]:
    """Return what jupyter-server is given: pattern, class and arguments of each path.

    Raises:
        ValueError: a route does not say what it needs.
    """
    check_table(routes)
    given = {"desk": desk, "executor": executor}
    return [
        (url_path_join(base_url, RESOURCE, pattern_of(path)), _handler(path, list(methods.values())), given)
        for path, methods in by_path(routes).items()
    ]


def _handler(path: str, routes: list[Route]) -> type[PanelHandler]:
    methods = {route.method.lower(): _method(route) for route in routes}
    return type(f"PanelHandler({path})", (PanelHandler,), methods)


def _method(route: Route) -> Any:
    async def answer(self: PanelHandler, job: str = "") -> None:
        await self.answer(route, job)

    return web.authenticated(authorized(action=route.needs, resource=RESOURCE)(answer))
