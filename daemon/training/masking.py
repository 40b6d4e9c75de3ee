"""Takes personal data out of texts, so that no model learns them by heart.

What can be recognised by its form, or by the word before it: addresses of mail and of streets,
passwords, telephone numbers, number plates, numbers of identity cards, bank cards and accounts,
accounts of messengers, and any other long number. Names are not: a model is to know what people are
called.
"""

import re
from collections import Counter
from dataclasses import replace

from daemon.training.chats import ChatMessage, Exchange

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_IS = r"(?:[^\S\n]{0,3}(?:is|are|ist|was|to|number|no\.?|=|:|：|是|为|号)){1,3}[^\S\n]{0,3}"
_STREET = (
    r"(?:street|st\.|road|rd\.?|avenue|ave\.?|lane|drive|boulevard|blvd\.?|terrace|crescent|square"
    r"|court|close|place|gardens)(?!\w)"
)
_NO_NAME = (
    r"(?!(?:on|in|at|of|the|a|an|and|or|to|from|by|down|across|along|my|this|that|for|more)\b)"
)
_RULES = (
    (
        "password",  # "the password is …", "密码：…", and codes that are told to nobody
        re.compile(
            r"(?P<kept>(?:(?<![A-Za-z])(?i:passwords?|passcode|passwort|passphrase|pwd)|密码|口令)"
            rf"{_IS})[^\s，。；、]{{3,64}}"
            r"|(?P<kept_2>(?:(?<![A-Za-z])(?i:pin|pin code|code)|验证码|取件码)"
            rf"{_IS})[A-Za-z\d-]{{0,9}}\d[A-Za-z\d-]{{2,9}}"
        ),
    ),
    (
        "account",  # IBAN
        re.compile(r"(?<![\dA-Za-z])[A-Z]{2}\d{2}(?: ?[\dA-Z]{4}){3,7}(?: ?[\dA-Z]{1,3})?(?!\w)"),
    ),
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
    (
        "plate",  # of China, of Germany with its hyphen, of Britain; of others after the word
        re.compile(
            rf"[{_PROVINCES}][A-HJ-NP-Z] ?[·•.-]? ?[A-HJ-NP-Z\d]{{4,5}}[A-HJ-NP-Z\d挂学警港澳]"
            r"(?![A-Za-z\d])"
            r"|(?<![\w-])[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}[ -]?\d{1,4}[EH]?(?![\w-])"
            r"|(?<!\w)[A-Z]{2}\d{2} ?[A-Z]{3}(?!\w)"
            rf"|(?P<kept>(?:(?<![A-Za-z])(?i:plates?|kennzeichen)|车牌){_IS})"
            r"(?=[A-Za-z -]{0,5}\d)[A-Za-z\d]{1,4}(?:[ -]?[A-Za-z\d]{1,4}){1,2}(?!\w)"
        ),
    ),
    (
        "account",  # a short number, after the word
        re.compile(
            r"(?P<kept>(?:(?<![A-Za-z])(?i:account|acct|konto(?:nummer)?|sort code|routing)"
            rf"|[账帐卡户][号户]){_IS}|(?:账号|帐号|卡号|账户)\s{{0,3}})\d[\d -]{{3,20}}\d(?!\w)"
        ),
    ),
    (
        "address",  # of a street
        re.compile(
            rf"(?<![\w.])\d{{1,5}}[A-Za-z]? (?i:{_NO_NAME}[^\W\d_][\w'’.-]{{0,30}} ){{1,3}}"
            rf"(?i:{_STREET})"
            r"|(?<!\w)[A-ZÄÖÜ][a-zäöüß-]{1,30}(?:straße|strasse|str\.|weg|platz|gasse|allee)"
            r" \d{1,4}[a-z]?(?!\w)"
            r"|[\u4e00-\u9fff]{1,4}(?:路|街|大道|巷|弄|胡同)\d{1,5}号?"
            r"(?:院|弄)?(?:\d{1,5}(?:号楼|栋|幢|单元|楼|层|室|号)){0,4}"
            r"|\d{1,4}(?:号楼|栋|幢)(?:\d{1,5}(?:单元|楼|层|室|号)){1,3}"
        ),
    ),
)
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(sorted({name for name, _ in _RULES}))})\]")
"""What stands for something masked."""


def mask(text: str, counted: Counter[str]) -> str:
    """Return ``text`` with ``[mail]``, ``[phone]`` and so on for what is private.

    ``counted`` is told how many of each were replaced.
    """
    for name, pattern in _RULES:

        def masked(found: re.Match[str], name: str = name) -> str:
            counted[name] += 1
            kept = found.groupdict()
            return (kept.get("kept") or kept.get("kept_2") or "") + f"[{name}]"

        text = pattern.sub(masked, text)
    return text


def speakable(exchange: Exchange) -> Exchange | None:
    """Return an exchange in which no answer holds a placeholder, or ``None``.

    Whoever learns such an answer says "[phone]" one day. Where an earlier answer has one, the
    history begins after it.
    """
    if PLACEHOLDER.search(exchange.response):
        return None
    history = exchange.history
    masked = [at for at, (_, said) in enumerate(history, 1) if PLACEHOLDER.search(said)]
    return replace(exchange, history=history[masked[-1] :]) if masked else exchange


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
