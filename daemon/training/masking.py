"""Takes personal data out of texts, so that no model learns them by heart.

What can be recognised by its form alone: addresses of mail, telephone numbers, numbers of identity
cards and bank cards, accounts of messengers, and any other long number. Names are not: a model is
to know what people are called.
"""

import re
from collections import Counter
from dataclasses import replace

from daemon.training.chats import ChatMessage, Exchange

_RULES = (
    ("mail", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)),
    ("id", re.compile(r"(?<![\dA-Za-z])\d{17}[\dXx](?![\dA-Za-z])")),  # Chinese identity cards
    (
        "account",  # "my QQ is 12345", "微信号：abc_123", wxid_…
        re.compile(
            r"(?:(?<=QQ)|(?<=qq)|(?<=Qq)|(?<=微信)|(?<=扣扣)|(?<=微信号)|(?<=QQ号)|(?<=qq号))"
            r"(?P<kept>\s{0,3}(?:号|是|is|:|：){0,3}\s{0,3})(?:\d{5,12}|[A-Za-z][\w-]{5,19})(?![\w-])"
            r"|\bwxid_\w+",
            re.ASCII,
        ),
    ),
    (
        "number",
        re.compile(r"(?<![\d.,])\d{4}(?:[ -]\d{4}){2,3}(?:[ -]\d{1,4})?(?!\d)"),
    ),  # bank cards
    (
        "phone",  # Chinese mobiles with or without groups, landlines, and whatever begins with +
        re.compile(
            r"(?<![\d.])(?:(?:\+|00)\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?\d(?:[ -]?\d){6,12}"
            r"|1[3-9]\d(?:[ -]?\d{4}){2}"
            r"|\(?0\d{2,4}\)?[ -]\d{3,4}[ -]?\d{3,4}"
            r"|\(\d{3}\) ?\d{3}-\d{4}|\d{3}[-.]\d{3}[-.]\d{4})(?!\d)"
        ),
    ),
    ("number", re.compile(r"(?<![\d.,])\d{9,}(?![\d.])")),
)


def mask(text: str, counted: Counter[str]) -> str:
    """Return ``text`` with ``[mail]``, ``[phone]``, ``[id]``, ``[account]`` and ``[number]``.

    ``counted`` is told how many of each were replaced.
    """
    for name, pattern in _RULES:

        def masked(found: re.Match[str], name: str = name) -> str:
            counted[name] += 1
            return (found.groupdict().get("kept") or "") + f"[{name}]"

        text = pattern.sub(masked, text)
    return text


def mask_said(said: ChatMessage, counted: Counter[str]) -> ChatMessage:
    """Mask a message."""
    return replace(said, text=mask(said.text, counted)) if said.kind == "text" else said


def mask_exchange(exchange: Exchange, counted: Counter[str]) -> Exchange:
    """Mask all texts of an exchange; the history's are counted where they were new."""
    unseen: Counter[str] = Counter()
    return Exchange(
        mask(exchange.prompt, counted),
        mask(exchange.response, counted),
        tuple((mask(asked, unseen), mask(said, unseen)) for asked, said in exchange.history),
    )
