"""Form the regular inflections of an English word: plural, -ing, -ed, -er and -ers."""

from __future__ import annotations

_VOWELS = "aeiou"

# Names and ordinary words that the rules would form from a ruder word.
_OTHER_WORDS = frozenset(
    """
    cumming cummings cummer cummers cocker cockers cocking cocked dicker dickers dickering dickered
    spicer spicers spicing spiced hooker titter titters tittering tittered prickers pricking pricked
    moring hoing hoer butter butters buttered buttering nutter dyking dyker muffing screwed screwing
    randing randed assing assed asser assers balling ganding lunding lunder
    """.split()
)


def inflections(word: str) -> set[str]:
    """Return a word and its regular forms in lower case. Only words of ASCII letters have forms.

    >>> sorted(inflections("idiot"))
    ['idiot', 'idioted', 'idioter', 'idioters', 'idioting', 'idiots']
    >>> {"raping", "raped", "rapes", "rapist"} & inflections("rape") == {"raping", "raped", "rapes"}
    True
    >>> "pussies" in inflections("pussy"), "cumming" in inflections("cum")
    (True, False)
    """
    word = word.lower()
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return {word}
    stem = _stem(word)
    forms = {f"{stem}{ending}" for ending in ("ing", "ed", "er", "ers")}
    if word[-1] == "y" and word[-2] not in _VOWELS:  # bully: bullying, bullied, bullies
        forms = {f"{word}ing", *(f"{word[:-1]}i{ending}" for ending in ("ed", "er", "ers"))}
    return {word, plural(word)} | (forms - _OTHER_WORDS)


def _stem(word: str) -> str:
    """Return the word's stem, as it is spelled before an ending that begins with a vowel."""
    if word.endswith("e") and not word.endswith("ee"):
        return word[:-1]
    short = word[-1] not in "aeiouwxy" and word[-2] in _VOWELS and word[-3] not in _VOWELS
    single = sum(letter in _VOWELS for letter in word) == 1
    return word + word[-1] if short and single else word  # shit: shitting, but idiot: idioting


def plural(word: str) -> str:
    """Return the regular plural of a word in small letters."""
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word[-1] == "y" and word[-2] not in _VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}s"
