"""Find text speak (chat abbreviations): 'u' for 'you', but not the 'U' of 'U.P.'.

Most abbreviations have one meaning ('plz'). Single letters and a few words are also initials, list
labels, mathematics or names. They count only if the words around them allow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

import regex

from moderation.corrections.wording import (
    IN_CONTEXT,
    LABELS,
    TEXT_SPEAK,
    Context,
    capitalised,
)
from moderation.text.reading import Text, Token
from moderation.text.vocabulary import ENGLISH, GRAMMAR, is_english, is_person

_YOU_ARE = frozenset("a an the not so very right wrong welcome just going talking saying".split())
# Four letters or more with nothing but spaces, stops or '&' between ('i n d i a'), initials before
# a name ('U R Rao'), and research and development.
_SPACED = regex.compile(
    r"(?<![\p{L}\p{N}'])(?:(?:\p{L}[ .&]{1,3}){3,}\p{L}(?![\p{L}\p{N}'])"
    r"|(?:\p{Lu}[ .]{1,2}){2,}(?=\p{Lu}\p{Ll})|[rR] (?:and|n) [dD](?![\p{L}\p{N}']))"
)
# Letters in a row that may be words: 'u r', 'y r u', 'i m', 'u n i'.
_ROWS = frozenset(
    "u r|r u|v r|i m|y u|y r u|y d|n u|n i|u n i|i n u|u n|d u|n d|n r u|n u r|c u|i c|r d".split(
        "|"
    )
)
# A name follows these words: 'by u r ananthamurthy'.
_BEFORE_NAMES = frozenset(
    "by mr mrs ms dr sri shri smt justice prof professor late judge minister writer author poet"
    " director actor actress singer composer cartoonist governor president captain comrade"
    " advocate".split()
)
_ENGLISH_END = regex.compile(
    r".*(?:able|ible|ous|ful|less|ive|[ae]nt|al|ic|ish|ed|ing|ly|ist|er|or|ble|some)s?$"
)
_BEFORE_PLACES = frozenset("of in at from near to city ancient king the".split())
_PRONOUNS = frozenset("i me u you he him she her they them we us ur your his their my it n".split())
_EQUATION = regex.compile(
    r"(?<![\p{L}\p{N}'])(\p{L}) ?[=+^≤≥×] ?[\p{L}\p{N}]|[=+^≤≥×] ?(\p{L})(?![\p{L}\p{N}'])"
    r"|\b(?:[Ll]et|where) (\p{L}) (?:be|is|denotes?|equals?)\b"
)
# A square of a chessboard other than b4: 'e4', 'Bb5', 'Nxd5'.
_CHESS = regex.compile(r"(?<!\w)(?!b4)[KQRBN]?x?[a-h][1-8][+#]?(?!\w)")
_NEIGHBOURS = frozenset("aiumnrdvyIUR")  # single letters that are words or text speak
# The signs allowed right before and after a letter that is a word by itself, and the signs that
# join any word to something else ('r/india', 'pls@example', 'u=5').
_BEFORE, _AFTER, _STOPS = frozenset(' \t\n(",;:!?*'), frozenset(' \t\n,;!?"*)'), frozenset(".:")
_JOINS = frozenset("/\\&=@#_+<>^|$")
_BROKEN = frozenset('?*"')  # signs that hide or replace a letter within a word: 'Qu?bec', 'da*n'


def text_speak(text: Text, allowed: Set[str] = frozenset()) -> Iterator[tuple[Token, str]]:
    """Yield each abbreviation of text speak, and the word or words to write instead.

    `allowed` has abbreviations to leave alone, in small letters.

    >>> from moderation.text.reading import read
    >>> [(token.text, word) for token, word in text_speak(read("U r right, Mr. D. Raja"))]
    [('U', 'You'), ('r', 'are')]
    """
    known = [
        (index, token, word)
        for index, token in enumerate(text.tokens)
        if token.kind == "word"
        and ((word := token.text.lower()) in TEXT_SPEAK or word in IN_CONTEXT)
        and word not in allowed
    ]
    if not known:
        return
    long = [word.text for word in text.words if len(word.text) > 1]
    loud = sum(map(str.isupper, long)) * 2 > len(long)
    spelled = _spelled_out(text.clean) | _initials(text)
    symbols = _symbols(text.clean)
    if _CHESS.search(text.clean):
        symbols.add("b4")
    for index, token, word in known:
        if token.start in spelled or word in symbols or _joined(text.clean, token):
            continue
        before, after = _neighbour(text, index, -1), _neighbour(text, index, +1)
        if word in TEXT_SPEAK:
            if token.text.isupper() and not loud and token.text.isalpha():
                continue  # an acronym
            new = TEXT_SPEAK[word]
        elif _fits(token, before, after, IN_CONTEXT[word], loud):
            new = IN_CONTEXT[word].write
            new = "you're" if word == "ur" and after.lower() in _YOU_ARE else new
        else:
            continue
        if token.text.isupper() and loud:
            new = new.upper()
        elif token.text[0].isupper() and _opens(before):
            new = capitalised(new)
        yield token, new


def _joined(clean: str, token: Token) -> bool:
    """Whether a sign joins the word to something else: the 'r' of 'r/india'."""
    before, after = clean[token.start - 1 : token.start], clean[token.end : token.end + 1]
    if before in _JOINS or after in _JOINS:
        return True
    if before == "(" and (after == ")" or clean[token.start - 2 : token.start - 1].isalnum()):
        return True  # 'clause (u)', 'JD(U)'
    if before in _BROKEN and clean[token.start - 2 : token.start - 1].isalnum():
        return True
    if len(token.text) > 1:  # 'Hav. Ram Singh', a rank
        context = IN_CONTEXT.get(token.text.lower())
        may_be_rank = bool(context and context.name) and token.text.istitle() and after == "."
        return may_be_rank and clean[token.end + 2 : token.end + 3].isupper()
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


def _initials(text: Text) -> Set[int]:
    """Return the places of initials in small letters before a name: 'r k laxman', 'd raja'."""
    starts: set[int] = set()
    row: list[int] = []
    for index, token in enumerate(text.tokens):
        if token.kind == "word" and len(token.text) == 1 and token.text.islower():
            if row and text.clean[text.tokens[row[-1]].end : token.start] not in (" ", ".", ". "):
                row = []
            row.append(index)
        elif row and token.text != ".":
            letters = [text.tokens[place] for place in row]
            joined = not text.clean[letters[-1].end : token.start].strip(" .")
            before = _neighbour(text, row[0], -1)
            if joined and _are_initials([letter.text for letter in letters], before, token.text):
                starts.update(letter.start for letter in letters)
            row = []
    return starts


def _are_initials(letters: list[str], before: str, after: str) -> bool:
    """Whether single letters in a row are initials of the name in small letters after them."""
    left, word = before.lower(), after.lower().removesuffix("'s")
    named = is_person(word)
    unknown = named or (not is_english(word) and word not in TEXT_SPEAK and word not in IN_CONTEXT)
    if " ".join(letters) in _ROWS:
        listed = left in ("and", "or", ",") and not _ENGLISH_END.match(word)
        return unknown and (listed or left in _BEFORE_NAMES or named)
    if letters[-1] == "a" and len(letters) > 1:
        return named
    if len(letters) > 1:
        return unknown or len(set(letters)) < len(letters)
    if left in _BEFORE_NAMES:
        return unknown
    if letters[0] == "n":  # 'modi n shah', but not 'the writer n ram'
        ordinary = before.islower() and left in ENGLISH and left not in _PRONOUNS
        opens = not left.isalpha() and not _ENGLISH_END.match(word)
        return (named and ordinary) or (unknown and opens)
    if letters[0] == "d":  # 'd gukesh won', 'r and d gukesh'; 'rahul d souza'
        alone = not left.isalpha() or left in ("and", "or") or is_person(left)
        return named or (alone and unknown and not _ENGLISH_END.match(word))
    return named and letters[0] not in "umby" and left not in _PRONOUNS


def _symbols(clean: str) -> set[str]:
    """Return the letters that stand for numbers in an equation: 'v = u + at'."""
    return {
        letter.lower() for match in _EQUATION.finditer(clean) for letter in match.groups() if letter
    }


def _neighbour(text: Text, index: int, step: int) -> str:
    """Return the next token (`step` 1) or the previous one (-1), or ''.

    It is '' if anything but white space separates that token from the token at `index`.
    """
    other = index + step
    if not 0 <= other < len(text.tokens):
        return ""
    first, last = sorted((text.tokens[index], text.tokens[other]), key=lambda token: token.start)
    return "" if text.clean[first.end : last.start].strip() else text.tokens[other].text


def _fits(token: Token, before: str, after: str, context: Context, loud: bool) -> bool:
    """Whether its neighbours allow an ambiguous abbreviation to be text speak.

    `before` and `after` are its neighbours. `loud` says that most of the comment is in capitals.
    """
    left, right = before.lower(), after.lower()
    if len(token.text) == 1 and left in LABELS:
        return False
    if context.name and not _is_word(token.text, before, after, loud):
        return False
    if context.subjects and not _is_verb(left, right, context):
        return False
    if left in context.not_after or right in context.not_before:
        return False
    if context.before and right not in context.before:
        return False
    if context.after and left not in context.after:
        return False
    if context.needs_next and not right[:1].isalpha() and left != "u":
        return False
    if (token.text == "n" and left == right) or (left[:1].isdigit() and not context.name):
        return False  # 'Johnson n Johnson'; 'section 2 d'
    if token.text[0].isupper():
        return not context.small_only and _capital_fits(token.text, before, after, loud)
    return len(token.text) > 1 or _letter_fits(token.text, before, after)


def _is_word(word: str, before: str, after: str, loud: bool) -> bool:
    """Whether an abbreviation that may be a name is no name: 'Ur right', but not 'in Ur'."""
    if loud or not word[0].isupper():
        return True
    if not word.istitle() or (after[:1].isalpha() and not after.islower()):
        return False
    return _opens(before) or (after not in GRAMMAR and before.lower() not in _BEFORE_PLACES)


def _is_verb(left: str, right: str, context: Context) -> bool:
    """Whether an abbreviation follows a subject or precedes a predicate, so that it is a verb."""
    plural = left.endswith("s") and len(left) > 3 and not left.endswith("ss")
    named = is_person(right)
    participle = right.endswith(("ing", "ed")) and len(right) > 4
    subject = left in context.subjects or right in context.predicates
    return subject or ((plural or participle) and not named)


def _letter_fits(letter: str, before: str, after: str) -> bool:
    """Whether the neighbours of a single letter are words, and not initials, signs or names."""
    for word in (before, after):
        if word in _JOINS or (len(word) == 1 and word.isalpha() and word not in _NEIGHBOURS):
            return False
    named = before[:1].isupper() and after[:1].isupper() and len(before) > 1
    return letter != "d" or not named  # 'Francis d Souza'


def _capital_fits(word: str, before: str, after: str, loud: bool) -> bool:
    """Whether a capital letter is no initial: it opens a sentence, or means 'you' or 'are'."""
    if word == "R":
        return after.lower() in ("u", "we", "they", "these", "those") or before.lower() == "u"
    if word == "U":
        small = after[:1].islower() or after == "R" or before.lower() == "r"
        return small or (loud and _letter_fits(word, before, after))
    spelled = len(word) == 1 or not word.isupper()
    return (_opens(before) and spelled) or (loud and len(word) > 1)


def _opens(before: str) -> bool:
    """Whether a word opens a sentence: the token before it is a sign or missing."""
    return not before[:1].isalnum()
