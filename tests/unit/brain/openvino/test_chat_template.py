import pytest

pytest.importorskip("jinja2")

from daemon.brain.openvino.chat_template import ChatTemplate
from daemon.errors import StageError
from daemon.media import Message, Tool, ToolCall

SAID = [Message("user", "Hello, 世界")]


def write(source: str, messages: list[Message] = SAID, tools: tuple[Tool, ...] = ()) -> str:
    return ChatTemplate(source, {"bos_token": "<s>"}).prompt(messages, tools)


def test_roles_tools_and_the_models_own_tokens() -> None:
    source = (
        "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
        "{% if tools %}{{ tools[0].function | tojson }}{% endif %}"
    )
    tool = Tool("look", "看", {"type": "object"})
    assert write(source) == "<s>user: Hello, 世界\n"
    assert '"description": "看"' in write(source, tools=(tool,))


def test_arguments_of_a_call_are_objects() -> None:
    call = ToolCall("1", "look", '{"at": "世界"}')
    source = "{{ messages[0].tool_calls[0].function.arguments | tojson }}"
    assert write(source, [Message("assistant", "", calls=(call,))]) == '{"at": "世界"}'


@pytest.mark.parametrize(
    "source",
    [
        "{{ raise_exception('roles must alternate') }}",
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}0123456789{% endfor %}{% endfor %}",
        "{{ messages[0].nothing.more }}",
        "{{ 1 / 0 }}",
    ],
    ids=["refusal", "escape", "change", "endless", "undefined", "arithmetic"],
)
def test_a_template_that_fails_or_wants_out_is_an_error_of_the_brain(source: str) -> None:
    with pytest.raises(StageError):
        write(source)


def test_what_is_no_template_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="expression"):
        ChatTemplate("{% if %}", {})
