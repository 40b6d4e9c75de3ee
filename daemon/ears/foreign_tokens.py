"""The tokens of a vocabulary that write another script than a language's own."""

from tokenizers import Tokenizer as Vocabulary


def foreign_tokens(vocabulary: Vocabulary, letters: str) -> list[int]:
    """Return the tokens that write letters or digits outside a class such as "\u0900-\u097f".

    Tokens are bytes of UTF-8, each of which the vocabulary writes as a character. The first two
    bytes of a letter tell its script; those that continue one are left, for rare letters take
    several tokens. Marks and spaces are of every script, and what is no text, such as the end, is
    not spelt in bytes.
    """
    first, *_, last = (letter.encode() for letter in letters)
    seconds = range(first[1], last[1] + 1)
    spelt = {character: byte for byte, character in _characters().items()}

    def foreign(token: bytes) -> bool:
        for place, byte in enumerate(token):
            following = token[place + 1 : place + 2]
            if byte < 0x80 and chr(byte).isalnum():
                return True
            if byte >= 0xC0 and (byte != first[0] or (following and following[0] not in seconds)):
                return True
        return False

    special = vocabulary.get_added_tokens_decoder()
    return sorted(
        number
        for token, number in vocabulary.get_vocab().items()
        if number not in special and foreign(bytes(spelt[character] for character in token))
    )


def _characters() -> dict[int, str]:
    """Return how GPT-2's vocabularies, of which this is one, write each byte.

    A byte that is a visible character of Latin 1 is that; the others follow from U+0100 on
    (Radford et al., 2019, ``encoder.py``).
    """
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(0x100) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {
        byte: chr(0x100 + place) for place, byte in enumerate(others)
    }
