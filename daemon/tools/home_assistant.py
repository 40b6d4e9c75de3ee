"""Home Assistant's conversation API as a tool: what is to be done, in the person's own words.

Its sentences are understood by Home Assistant, so that a small language model need not know the
names of devices. Source: https://developers.home-assistant.io/docs/intent_conversation_api
"""

from urllib.parse import urljoin

import httpx2
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import Tool

from daemon.brain.sentences import has_chinese
from daemon.media import JsonObject

PATH = "/api/conversation/process"
MAX_COMMAND_CHARS = 1000  # characters of what somebody says to a house


class ConversationServer(MCPServer):
    """A server of one tool, ``house``, to be connected inside this process."""

    def __init__(self, url: str, http: httpx2.AsyncClient) -> None:
        """``http`` brings the token."""
        super().__init__("home-assistant", log_level="CRITICAL")
        self._url, self._http = url, http
        self._conversation: dict[str, str] = {}
        self.add_tool(self.house, structured_output=False)

    async def list_tools(self) -> list[Tool]:
        """Name the tool, if Home Assistant is there."""
        (await self._http.get(urljoin(self._url, "/api/"))).raise_for_status()
        return await super().list_tools()

    async def house(self, command: str) -> str:
        """Control the house or ask about it: lights, heating, music, shutters, doors, sensors.

        Give the person's whole command, in their own words and language.
        """
        text = command[:MAX_COMMAND_CHARS]
        language = "zh-CN" if has_chinese(text) else "en"
        told = {"text": text, "language": language, **self._conversation}
        response = await self._http.post(self._url, json=told)
        if not response.is_success:
            raise ToolError(f"HTTP {response.status_code}")
        return self._spoken(response.json())

    def _spoken(self, answer: JsonObject) -> str:
        """Return what Home Assistant says; raises ``ToolError`` if it did nothing."""
        if isinstance(number := answer.get("conversation_id"), str):
            self._conversation["conversation_id"] = number  # a follow-up belongs to it
        match answer:
            case {
                "response": {"speech": {"plain": {"speech": str(said)}}, "response_type": str(kind)}
            }:
                if kind == "error":
                    raise ToolError(said)
                return said or "(done)"
        raise ToolError("it sent what is no answer of its conversation API")
