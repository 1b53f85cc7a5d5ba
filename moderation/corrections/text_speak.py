"""Find text speak: 'u' for 'you', but not the 'U' of 'U.P.'.

Most of it has one meaning ('plz'). Single letters and a few words are also initials, list labels,
mathematics or names. They count only if the words around them allow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

import regex

from moderation.corrections.wording import IN_CONTEXT, TEXT_SPEAK, Context, capitalised
from moderation.text.reading import Text, Token

_YOU_ARE = frozenset("a an the not so very right wrong welcome just going talking saying".split())
# Four letters or more with nothing but spaces, stops or '&' between ('i n d i a'), initials before
# a name ('U R Rao'), and research and development.
_SPACED = regex.compile(
    r"(?<![\p{L}\p{N}'])(?:(?:\p{L}[ .&]{1,3}){3,}\p{L}(?![\p{L}\p{N}'])"
    r"|(?:\p{Lu}[ .]{1,2}){2,}(?=\p{Lu}\p{Ll})|[rR] (?:and|n) [dD](?![\p{L}\p{N}']))"
)
_NEIGHBOURS = frozenset("aiumnrdvyIUR")  # single letters that are words or text speak
# The signs allowed right before and after a letter that is a word by itself, and the signs that
# join any word to something else ('r/india', 'pls@example', 'u=5').
_BEFORE, _AFTER, _STOPS = frozenset(' \t\n(",;:!?*'), frozenset(' \t\n,;!?"*)'), frozenset(".:")
_JOINS = frozenset("/\\&=@#_+<>^|$")
_BROKEN = frozenset('?*"')  # signs that hide or replace a letter within a word: 'Qu?bec', 'da*n'


def text_speak(text: Text, allowed: Set[str] = frozenset()) -> Iterator[tuple[Token, str]]:
    """Yield each word of text speak, and the word to write instead.

    `allowed` are words to keep, in small letters.

    >>> from moderation.text.reading import read
    >>> [(token.text, word) for token, word in text_speak(read("U r right, Mr. D. Raja"))]
    [('U', 'You'), ('r', 'are')]
    """
    long = [word.text for word in text.words if len(word.text) > 1]
    loud = sum(map(str.isupper, long)) * 2 > len(long)
    spelled = _spelled_out(text.clean)
    for index, token in enumerate(text.tokens):
        word = token.text.lower()
        known = token.kind == "word" and (word in TEXT_SPEAK or word in IN_CONTEXT)
        if not known or word in allowed or token.start in spelled or _joined(text.clean, token):
            continue
        before, after = _neighbour(text, index, -1), _neighbour(text, index, +1)
        if word in TEXT_SPEAK:
            if token.text.isupper() and not loud and token.text.isalpha():
                continue  # an acronym
            new = "you're" if word == "ur" and after.lower() in _YOU_ARE else TEXT_SPEAK[word]
        elif _fits(token, before, after, IN_CONTEXT[word], loud):
            new = IN_CONTEXT[word].write
        else:
            continue
        if token.text.isupper() and loud:
            new = new.upper()
        elif token.text[0].isupper() and _opens(before):
            new = capitalised(new)
        yield token, new


def _joined(clean: str, token: Token) -> bool:
    """Whether a sign joins the word to something else."""
    before, after = clean[token.start - 1 : token.start], clean[token.end : token.end + 1]
    if before in _JOINS or after in _JOINS:
        return True
    if before in _BROKEN and clean[token.start - 2 : token.start - 1].isalnum():
        return True
    if len(token.text) > 1:
        return False
    if after in _STOPS and token.text in "uUr":
        # 'I love u.' ends a sentence, 'u.s' and 'u. k.' do not.
        rest = clean[token.end : token.end + 4].lstrip(".")
        return bool(rest) and not (rest[0].isspace() and not rest[2:3].startswith("."))
    return bool(before and before not in _BEFORE) or bool(after and after not in _AFTER)


def _spelled_out(clean: str) -> Set[int]:
    """Return the places of letters that spell a word or a name: 'i n d i a', but not 'y r u a'."""
    starts: set[int] = set()
    for match in _SPACED.finditer(clean):
        letters = [match.start() + index for index, char in enumerate(match[0]) if char.isalpha()]
        initials = match[0][-1].isspace() or match[0][-1] == "."
        if initials or len(letters) > 4 or not {"u", "r"} <= set(match[0].lower()):
            starts.update(letters)
    return starts


def _neighbour(text: Text, index: int, step: int) -> str:
    """Return the next token on one side if only white space separates it, else ''."""
    other = index + step
    if not 0 <= other < len(text.tokens):
        return ""
    first, last = sorted((text.tokens[index], text.tokens[other]), key=lambda token: token.start)
    return "" if text.clean[first.end : last.start].strip() else text.tokens[other].text


def _fits(token: Token, before: str, after: str, context: Context, loud: bool) -> bool:
    """Whether the neighbours allow the word to be text speak."""
    left, right = before.lower(), after.lower()
    if left in context.not_after or right in context.not_before:
        return False
    if context.before and right not in context.before:
        return False
    if context.after and left not in context.after:
        return False
    if context.needs_next and not right[:1].isalpha() and left != "u":
        return False
    if (token.text == "n" and left == right) or left[:1].isdigit():
        return False  # 'Johnson n Johnson'; 'section 2 d'
    if token.text[0].isupper():
        return not context.small_only and _capital_fits(token.text, before, after, loud)
    return len(token.text) > 1 or _letter_fits(token.text, before, after)


def _letter_fits(letter: str, before: str, after: str) -> bool:
    """Whether the neighbours of a letter are words, and not initials, signs or names."""
    for word in (before, after):
        if word in _JOINS or (len(word) == 1 and word.isalpha() and word not in _NEIGHBOURS):
            return False
    named = before[:1].isupper() and after[:1].isupper() and len(before) > 1
    return letter != "d" or not named  # 'Francis d Souza'


def _capital_fits(word: str, before: str, after: str, loud: bool) -> bool:
    """Whether a capital is not an initial: it opens a sentence, or means 'you' or 'are'."""
    if word == "R":
        return after.lower() in ("u", "we", "they", "these", "those") or before.lower() == "u"
    if word == "U":
        small = after[:1].islower() or after == "R" or before.lower() == "r"
        return small or (loud and _letter_fits(word, before, after))
    return _opens(before) or (loud and len(word) > 1)


def _opens(before: str) -> bool:
    """Whether the token before a word is a sign, or missing."""
    return not before[:1].isalnum()
