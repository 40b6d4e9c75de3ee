from hypothesis import given
from hypothesis import strategies as st

from daemon.brain.openvino.token_tree import ROOT, TokenTree

PROMPTS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), max_size=12)


def read(tree: TokenTree, tokens: list[int]) -> list[int]:
    way = tree.match(tokens)
    return way + tree.append(way[-1] if way else ROOT, tokens[len(way) :])


def test_prompts_that_begin_alike_share_their_beginning() -> None:
    tree = TokenTree()
    assert read(tree, [1, 2, 3]) == [0, 1, 2]
    assert read(tree, [1, 2, 4]) == [0, 1, 3]
    assert tree.match([1, 2, 3, 5]) == [0, 1, 2], "the first is still there"
    assert tree.match([2, 2]) == []


@given(PROMPTS, st.integers(0, 20))
def test_what_was_used_last_stays_whole(prompts: list[list[int]], count: int) -> None:
    tree = TokenTree()
    for prompt in prompts:
        read(tree, prompt)
    size = len(tree)
    stay = tree.keep(count)
    assert stay == sorted(set(stay))
    assert len(stay) == len(tree) == min(count, size)
    if prompts:
        assert len(tree.match(prompts[-1])) == min(count, len(prompts[-1]))


@given(PROMPTS)
def test_a_way_holds_the_tokens_that_were_asked_for(prompts: list[list[int]]) -> None:
    tree, slots = TokenTree(), dict[int, int]()
    for prompt in prompts:
        way = read(tree, prompt)
        for slot, token in zip(way, prompt, strict=True):
            assert slots.setdefault(slot, token) == token
        tree.keep(10)
        slots.clear()
