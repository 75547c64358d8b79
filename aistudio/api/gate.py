"""The gate before everything: requests for another name or from another web page never reach the studio."""

import json
import logging
import socket
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aistudio.settings import Settings

log = logging.getLogger("aistudio.gate")

SAFE = {"GET", "HEAD", "OPTIONS"}
JSON = "application/json"
BODIES = {"PUT": {JSON, "application/zip"}, "POST": {JSON, "application/yaml"}}  # no form can send any of these
REPLACED = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}
ADDED = (b"content-security-policy", b"frame-ancestors 'self'; object-src 'none'; base-uri 'self'")


@dataclass(frozen=True)
class Refusal:
    status: HTTPStatus
    detail: str
    seen: str = ""  # what the client sent; for the log only


class Gate:
    """Pure ASGI, so it sees pages, REST, static files, uploads and websockets alike, before any session."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.names = own_names(settings) | set(settings.allow_host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif refusal := self.refusal(scope):
            note(scope, refusal)
            await deny(scope, receive, guarded(send), refusal)
        else:
            await self.app(scope, receive, guarded(send))

    def refusal(self, scope: Scope) -> Refusal | None:
        return self.wrong_host(scope) or foreign_page(scope) or wrong_body(scope)

    def wrong_host(self, scope: Scope) -> Refusal | None:
        """A foreign name that resolves to this machine (DNS rebinding) would make a foreign page same-origin."""
        hosts = header(scope, b"host")
        if len(hosts) != 1:
            return Refusal(HTTPStatus.BAD_REQUEST, "A request needs exactly one Host header.", str(hosts))
        host = hosts[0].lower()
        if without_port(host) in self.names:  # any port: a tunnel may have another one at its near end
            return None
        advice = "Open it as http://localhost, or start it with --allow-host and this name."
        return Refusal(HTTPStatus.MISDIRECTED_REQUEST, f"This server does not answer to that name. {advice}", host)


def foreign_page(scope: Scope) -> Refusal | None:
    """Browsers name the page that asks, and only they do: a request without these headers is no page's."""
    origins = header(scope, b"origin")
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    own = f"{scheme}://{header(scope, b'host')[0]}"
    if any(origin != own for origin in origins):
        return Refusal(HTTPStatus.FORBIDDEN, "Other web pages may not use this server.", f"Origin {origins}")
    sites = header(scope, b"sec-fetch-site") if scope["type"] == "http" else []  # websockets always carry an Origin
    if any(site not in ("same-origin", "none") for site in sites) and not is_navigation(scope):
        return Refusal(HTTPStatus.FORBIDDEN, "Other web pages may not use this server.", f"Sec-Fetch-Site {sites}")
    return None


def wrong_body(scope: Scope) -> Refusal | None:
    """Forms can send only form and text bodies, so whatever else arrives was not sent by a foreign form."""
    if scope["type"] != "http" or scope["method"] in SAFE or not scope["path"].startswith("/api/"):
        return None
    if header(scope, b"content-length") in ([], ["0"]) and not header(scope, b"transfer-encoding"):
        return None
    allowed = BODIES.get(scope["method"], {JSON})
    kinds = header(scope, b"content-type")
    if len(kinds) == 1 and kinds[0].partition(";")[0].strip().lower() in allowed:
        return None
    wanted = " or ".join(sorted(allowed))
    return Refusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the body as Content-Type: {wanted}.", f"Content-Type {kinds}"
    )


async def deny(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # before accept: the server answers 403
        return
    status = refusal.status
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": refusal.detail}
    body = json.dumps(problem).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def guarded(send: Send) -> Send:
    async def guarded_send(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            message = {**message, "headers": safe_headers(message.get("headers", []))}
        await send(message)

    return guarded_send


def safe_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Ours win; a stricter policy of the app stays beside ours; nothing opens the server to other origins."""
    kept = [(name, value) for name, value in headers if name.lower() not in REPLACED]
    kept = [(name, value) for name, value in kept if not name.lower().startswith(b"access-control-")]
    return [*kept, *REPLACED.items(), ADDED]


def note(scope: Scope, refusal: Refusal) -> None:
    client = scope["client"][0] if scope.get("client") else "unknown"
    what = f"{scope.get('method', 'websocket')} {scope['path'][:200]} from {client}: {refusal.seen[:200]}"
    log.warning("refused %d %s", refusal.status, what.encode("unicode_escape").decode())  # no CR, LF or ANSI


def own_names(settings: Settings) -> set[str]:
    """The names of a server that listens on loopback only, as browsers write them."""
    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {"localhost", "127.0.0.1", "[::1]", address, socket.gethostname().lower(), socket.getfqdn().lower()}


def is_navigation(scope: Scope) -> bool:
    """Following a link to this server, as opposed to a page using it behind the user's back."""
    return scope.get("method") in ("GET", "HEAD") and header(scope, b"sec-fetch-mode") == ["navigate"]


def header(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
