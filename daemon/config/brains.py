"""The settings of answering: the language model, a server that runs one, and tools."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from daemon.config.field import Section, setting
from daemon.config.reach import allow_only_here
from daemon.i18n import tr

PERSONA = (
    "You are Digital Life, a good friend talking aloud with a person. "
    "Answer in the language of the last question, in one to three short spoken sentences. "
    "No lists, no Markdown, no code, no emoji."
)


class BrainSettings(Section):
    """``[brain]``: answering."""

    kind: Literal["auto", "llamacpp", "chatglm", "openai"] = setting(
        "llamacpp",
        "llamacpp: a GGUF model inside this process; chatglm: a ChatGLM or GLM checkpoint, with "
        "PyTorch; openai: a server, see [server]; auto: the best of these that is there and fits "
        "the memory.",
    )
    model: str = setting(
        "qwen2.5-coder-0.5b",
        "llamacpp: a weight's name, or the path of a GGUF file; chatglm: the folder of a "
        "checkpoint.",
        label="Brain",
    )
    engine: Literal["auto", "openvino", "llama.cpp"] = setting(
        "auto",
        "llamacpp: the library that runs the model. auto: the one that answers sooner "
        "here, as measured by digital-life setup, brain and brain use, or by the daemon "
        "once nobody has talked for a while; llama.cpp until then, and for models that "
        "OpenVINO cannot run.",
    )
    prefix: str = setting(
        "", 'chatglm: the folder of a P-tuning v2 prefix for ChatGLM 1 to 3; "" is none.'
    )
    adapter: str = setting(
        "auto",
        "A LoRA, which changes how a model talks. auto: the one that comes with the model, if any, "
        'unless style is set at the start; "": none; llamacpp: a GGUF file; chatglm: a folder, for '
        "GLM-4 or GLM-Edge.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16", "int8", "int4"] = setting(
        "auto",
        "chatglm: auto (16 bits), float32, bfloat16, float16, int8 or int4. Six billion weights "
        "take 24, 12, 12, 7 or 4 GB.",
    )
    device: str = setting(
        "auto",
        "chatglm: auto (a GPU where there is one), cpu, cuda, cuda:1, …",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
    )
    persona: str = setting(
        PERSONA, "Instructions that tell the model who it is.", live=True, label="Who it is"
    )
    style: str = setting(
        "",
        'A file with somebody\'s way of talking, such as the style.json of a double; "" is none.',
        live=True,
    )
    context_tokens: int = setting(
        4096,
        "Tokens of prompt and answer together; older turns are dropped whole.",
        ge=512,
        le=1_000_000,
    )
    max_reply_tokens: int = setting(
        120, "Tokens of an answer; about forty seconds of speech.", ge=8, le=8192
    )
    temperature: float = setting(
        0.3,
        "0 always takes the likeliest word; a small model wanders above 0.7.",
        ge=0,
        le=2,
    )
    top_p: float = setting(0.9, "The share of likely words that is drawn from.", gt=0, le=1)
    repetition_penalty: float = setting(
        1.0,
        "chatglm: above 1, words that have occurred become less likely; 1.1 helps a model that "
        "repeats itself.",
        ge=1,
        le=2,
    )
    gpu_layers: int = setting(
        -1,
        "Layers on a GPU where there is one; -1 is as many as fit there, 0 none.",
        ge=-1,
        le=1000,
    )
    threads: int = setting(
        0,
        "Processor threads; 0 takes, for each answer, the physical cores that other programs leave "
        "free.",
        ge=0,
        le=256,
    )

    @model_validator(mode="after")
    def _fits_the_context(self) -> "BrainSettings":
        if self.max_reply_tokens > self.context_tokens // 2:
            raise ValueError(tr("max_reply_tokens must be at most half of context_tokens"))
        return self


class ServerSettings(Section):
    """``[server]``: an OpenAI-compatible server that answers."""

    url: str = setting(
        "",
        'An OpenAI-compatible server for kind = "openai", such as http://127.0.0.1:8000/v1. Your '
        "words go there.",
        pattern=r"^(https?://\S+)?$",
    )
    remote: bool = setting(
        False, "Whether the server may be another computer, to which what you say then goes."
    )
    model: str = setting(
        "", 'The model\'s name on the server; "" takes the first that the server lists.'
    )
    key_file: str = setting(
        "",
        'A file that holds the key, readable by you only; "" takes DIGITAL_LIFE_KEY from the '
        "environment, or none.",
    )
    connect_s: float = setting(
        3.0, "Seconds until a server that does not answer the call counts as gone.", ge=0.1, le=60
    )
    silence_s: float = setting(
        30.0,
        "Seconds without a token until it counts as hung; a long prompt on a busy server takes "
        "several.",
        ge=1,
        le=600,
    )
    fallback: str = setting(
        "qwen2.5-coder-0.5b",
        "The GGUF model, by name or path, that answers while the server is unreachable; "
        '"" is none.',
    )

    @model_validator(mode="after")
    def _stays_here(self) -> "ServerSettings":
        allow_only_here(
            self, tr("its url is on another computer: remote = true lets what is asked go there")
        )
        return self


Secrets = Mapping[str, SecretStr]
"""Values that nobody is shown; a dump of the settings has asterisks in their place."""

_HEADER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class ToolServer(Section):
    """``[tools.servers.NAME]``: a server of the Model Context Protocol, and what it may do."""

    command: str = ""
    args: Annotated[tuple[str, ...], Field(strict=False)] = ()
    env: Secrets = Field(default={})
    """What the program finds in its environment beside what a login has."""
    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    headers: Secrets = Field(default={})
    """What every request to the url carries."""
    token_file: str = ""
    """A file with the token that every request carries, as ``Authorization: Bearer``."""
    remote: bool = False
    allow: Annotated[tuple[str, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _one_way(self) -> "ToolServer":
        if bool(self.command) is bool(self.url):
            raise ValueError(tr("must have either a command or a url"))
        allow_only_here(
            self, tr("its url is on another computer: remote = true lets what is asked go there")
        )
        if self.env and not self.command:
            raise ValueError(tr("env goes with a command, headers and token_file with a url"))
        if (self.headers or self.token_file) and not self.url:
            raise ValueError(tr("env goes with a command, headers and token_file with a url"))
        if self.token_file and "authorization" in map(str.lower, self.headers):
            raise ValueError(tr("must have either token_file or the header Authorization"))
        return self

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: Secrets) -> Secrets:
        for name, value in headers.items():
            text = value.get_secret_value()
            if not _HEADER.fullmatch(name) or not (text.isascii() and text.isprintable()):
                raise ValueError(tr("{name} is no header: ASCII on one line").format(name=name))
        return headers

    @field_validator("env")
    @classmethod
    def _are_variables(cls, env: Secrets) -> Secrets:
        for name, value in env.items():
            if not _VARIABLE.fullmatch(name) or "\0" in value.get_secret_value():
                raise ValueError(tr("{name} is no environment variable").format(name=name))
        return env


class ToolsSettings(Section):
    """``[tools]``: what the brain may do beside talking."""

    servers: dict[Annotated[str, Field(pattern=r"^[\w-]{1,32}$")], ToolServer] = setting(
        {},
        "What the brain may call by the Model Context Protocol: a table [tools.servers.NAME] for "
        "each server, see the page on tools.",
        live=True,
    )
