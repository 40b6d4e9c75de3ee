"""Tells words that only accompany a reply ("yeah", "嗯") from words that want to be answered.

This is about something *short* said over a reply. Of a single syllable Whisper often makes another
word, so what it hears counts as an accompaniment unless it is known to interrupt.
"""

import re

ACCOMPANIMENT = re.compile(
    r"\b(?:a+h*|aha|all right|alright|absolutely|amazing|cool|exactly|fine|go on|good|got it|great|"
    r"h+m+|huh|i know|i see|indeed|interesting|m+h?m*|nice|o+h+|ok|okay|of course|really|right|"
    r"sure|thanks|thank you|that's right|that's true|true|uh|um+|wow|yeah|yep|yes|yup)\b"
    # Of Chinese, which has no spaces, only whole runs: "对" accompanies and "对但是" does not.
    r"|(?<![\u4e00-\u9fff])(?:[嗯恩唔哼啊呀哦噢喔呃额诶欸哎唉哈呵嘿哇]|对(?:的|呀|啊)?|是(?:的|啊|呀|吗|嘛)?|"
    r"好(?:的|吧|啊|呀)?|行|可以|没错|不错|当然|确实|的确|这样|原来如此|真的吗?|明白了?|知道了?|懂了|了解|"
    r"有意思|谢谢你?)++(?![\u4e00-\u9fff])",
    re.IGNORECASE,
)
INTERRUPTION = re.compile(
    r"\b(?:actually|but|cancel|enough|excuse|hang|hello|hey|hold|how|listen|never|no|nope|not|"
    r"pardon|please|quiet|repeat|shut|sorry|stop|wait|what|when|where|which|who|why|wrong)\b"
    r"|[?？停等不别谁哪喂错]|什么|怎么|多少|为何|够了|安静|闭嘴|再说|重复|但是|可是|听我|请问",
    re.IGNORECASE,
)
MANY_WORDS = 3  # nobody accompanies with so many
MANY_CHARACTERS = 5  # nor with so many Chinese ones


def is_backchannel(text: str) -> bool:
    """Whether what was said lets the reply go on; a cough, which has no words, does."""
    rest = ACCOMPANIMENT.sub("", text.replace("’", "'"))
    if INTERRUPTION.search(rest) and re.search(r"\w", rest):  # a mark alone is what "吗" left
        return False
    characters = len(re.findall(r"[\u4e00-\u9fff]", rest))
    words = len(re.findall(r"[a-z']+", rest, re.IGNORECASE))
    return words < MANY_WORDS and characters < MANY_CHARACTERS
