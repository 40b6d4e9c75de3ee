"""A stand-in for Home Assistant: ``python -m tests.home_assistant PORT TOKEN_FILE``.

It speaks what its integrations "Model Context Protocol Server" and "Conversation" do: stateless
streamable HTTP with plain JSON at ``/api/mcp``, the older way by events at ``/mcp_server/sse``,
``/api/conversation/process``, and 401 for whoever does not bring the token that the file holds.
Tools and answers are modelled on its Assist API.
"""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

server = MCPServer("home-assistant")
LIGHTS = {"Kitchen": "off", "Bedroom": "off"}


@server.tool(name="HassTurnOn", structured_output=False)
def turn_on(name: str) -> str:
    """Turns on/opens/presses a device or entity."""
    return _switch(name, "on")


@server.tool(name="HassTurnOff", structured_output=False)
def turn_off(name: str) -> str:
    """Turns off/closes a device or entity."""
    return _switch(name, "off")


@server.tool(name="GetLiveContext", structured_output=False)
def live_context() -> str:
    """Provides real-time information about the current state of devices."""
    return json.dumps({"success": True, "result": LIGHTS})


def _switch(name: str, state: str) -> str:
    if name not in LIGHTS:
        raise ToolError("Error calling tool: <MatchFailedError no_match_reason=NAME>")
    LIGHTS[name] = state
    return json.dumps({"speech": {}, "response_type": "action_done", "data": {"success": [name]}})


async def converse(request: Request) -> JSONResponse:
    """Answer as the conversation API does, with words that tell what it was given."""
    told = await request.json()
    number = int(told.get("conversation_id") or 0) + 1
    known = "light" in told["text"] or "灯" in told["text"]
    said = f"{number} {told['language']}: {told['text']}" if known else "Sorry, I don't understand"
    return JSONResponse(
        {
            "response": {
                "speech": {"plain": {"speech": said, "extra_data": None}},
                "card": {},
                "language": told["language"],
                "response_type": "action_done" if known else "error",
                "data": {} if known else {"code": "no_intent_match"},
            },
            "conversation_id": str(number),
            "continue_conversation": False,
        }
    )


class Authorized:
    """Lets in who brings the token."""

    def __init__(self, app: ASGIApp, token_file: Path) -> None:
        self._app, self._token_file = app, token_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = self._token_file.read_text(encoding="utf-8").strip()
            if dict(scope["headers"]).get(b"authorization") != f"Bearer {token}".encode():
                refusal = PlainTextResponse("401: Unauthorized", 401)
                return await refusal(scope, receive, send)
            if scope["path"] == "/break":
                os._exit(3)
        await self._app(scope, receive, send)


def main() -> None:
    """Serve until killed."""
    streamable = server.streamable_http_app(
        streamable_http_path="/api/mcp", stateless_http=True, json_response=True
    )
    events = server.sse_app(sse_path="/mcp_server/sse", message_path="/mcp_server/messages/")

    @asynccontextmanager
    async def serve_sessions(_: Starlette) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    app = Starlette(
        routes=[
            Route("/api/", lambda _request: JSONResponse({"message": "API running."})),
            Route("/api/conversation/process", converse, methods=["POST"]),
            *streamable.routes,
            Mount("/", events),
        ],
        lifespan=serve_sessions,
    )
    port, token_file = int(sys.argv[1]), Path(sys.argv[2])
    uvicorn.run(Authorized(app, token_file), host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main()
