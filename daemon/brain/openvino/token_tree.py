"""What a model has read, as a tree: prompts that begin alike share what they begin with.

Each token that was read is a slot of the model's keys and values, and knows the slot before it. A
prompt is a way from the root; slots beside that way are masked. So the chat and the question of
tools (``tool_router.py``) keep their prompts beside each other, and what was read and is not wanted
any more costs nothing but its place. The idea is SGLang's: Zheng et al., "SGLang: Efficient
Execution of Structured Language Model Programs", 2024, section 3.
"""

from collections.abc import Sequence

ROOT = -1


class TokenTree:
    """Which token each slot holds, and after which other."""

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._tokens: list[int] = []
        self._used: list[int] = []
        self._children: dict[tuple[int, int], int] = {}
        self._clock = 0

    def __len__(self) -> int:
        """Return how many slots there are."""
        return len(self._tokens)

    def match(self, tokens: Sequence[int]) -> list[int]:
        """Return the slots of the longest beginning of ``tokens`` that was read, and use them."""
        self._clock += 1
        way: list[int] = []
        slot = ROOT
        for token in tokens:
            if (slot, token) not in self._children:
                break
            slot = self._children[slot, token]
            self._used[slot] = self._clock
            way.append(slot)
        return way

    def append(self, after: int, tokens: Sequence[int]) -> list[int]:
        """Add slots, one after another, the first after the slot ``after``, and return them."""
        added = []
        for token in tokens:
            slot = len(self._tokens)
            self._parents.append(after)
            self._tokens.append(token)
            self._used.append(self._clock)
            self._children[after, token] = slot
            added.append(slot)
            after = slot
        return added

    def keep(self, count: int) -> list[int]:
        """Forget all but the ``count`` slots that were used last.

        Returns the slots that stay, in the order in which they are numbered from then on.
        """
        # What comes before a slot was used whenever that was, and has a smaller number.
        order = sorted(range(len(self)), key=lambda slot: (-self._used[slot], slot))
        stay = sorted(order[:count])
        numbers = {ROOT: ROOT, **{old: new for new, old in enumerate(stay)}}
        self._parents = [numbers[self._parents[slot]] for slot in stay]
        self._tokens = [self._tokens[slot] for slot in stay]
        self._used = [self._used[slot] for slot in stay]
        self._children = {
            key: slot for slot, key in enumerate(zip(self._parents, self._tokens, strict=True))
        }
        return stay
