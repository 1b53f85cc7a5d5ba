"""A comment does without the words this newspaper has ruled out.

You list *banned* words (score 1.0), *suspect* words (`suspect_score`) and *allowed* words, which
win over both. Entries are in the policy, or in text files with one entry a line (`#` at the
beginning of a line or after a blank begins a comment; paths are relative to the policy's folder).
An entry may have several words. A short list of suspect entries is shipped: the strongest English
and Hindi abuse, and phrases that urge suicide ('kys'). `shipped = false` leaves it out.

Why: models weigh a whole comment, but a newspaper may refuse to print some words whatever the
comment says, and may want a person to look at some names of products or campaigns.

An entry of letters, blanks and hyphens is read as words: the rule finds them whole, with the forms
of the last word (plural, possessive, -ing, -ed, -er), disguised or not, and in hashtags. An entry
with other signs ('C++', 'U.P.', 'AT&T') is found as it is written, with these signs, in any case.
An entry that cannot match, or that is a single letter, is an error in the policy. `moderation
policy check` lists how each entry is read. The span is what the author typed, disguise included.

- Fires, with `banned = ["idiot", "stupid"]`: "What idiots!", "the idiot's plan", "an 1d10t",
  "i.d.i.o.t", "idi*t", "stuuupid".
- Fires, with `banned = ["chai wala", "c++"]`: "the Chai-Walas", "#ChaiWala", "#chaiwala",
  "C++ is old".
- Does not fire, with `banned = ["cunt", "dick"]`: "Scunthorpe", "Dikshit", "Dickens".
- Does not fire, with `banned = ["c++", "u.p."]`: "Vitamin C", "Get up!", "C#".
- Does not fire, with `banned = ["cock"]` and `allowed = ["cock-a-hoop"]`: "He is cock-a-hoop."
- Does not fire, as shipped: "The Chutia community met.", "Chinki Yadav won gold.", "Kike Salas
  scored.", "the train from Katwa", "The stray bitch had six puppies."
- Limits: a word list knows no context, so the rule also finds a word that is quoted or meant well,
  and names that are words too ('Dick Cheney' where 'dick' is banned): allow them. Of the shipped
  words only, the rule spares names that a title, a surname or a place shows, and words that the
  comment condemns ("No one should call a woman a whore."). In doubt a person looks. Irregular forms
  ('shat') need an entry of their own, and so do forms that are names ('Cumming'). The rule misses
  your word with a blank in it ("quis ling"), or run together with others
  in small letters ("#banquislings").
- Measured: the shipped words alone fire on 0.1 % of comments under news articles (fox_news, ucc),
  on 0.6 % in Indian English (trac) and on 2.8 % of comments that were all under suspicion once
  (civil_comments). Misspellings, words run together or torn apart, and the look-alikes of further
  alphabets were undone 248 times in 72,000 comments; read by eye, 99 % of these were right. Of
  543,000 first names and surnames of the world, two are taken for a misspelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from moderation import rules
from moderation.decision import Finding
from moderation.text import entries, harmless
from moderation.text.inflections import inflections
from moderation.text.namesakes import HARMLESS, NAMESAKES, is_name
from moderation.text.reading import Text, read
from moderation.text.spelling import WORDS, Shapes, behind_stars, by_shape, skeleton

_SIGN = re.compile(r"[0-9@$!|+._\-~*](?:(?=\w)|(?<=\w[0-9@$]))")
_SIGNED = re.compile(r"(?<![\w@$!|+])[^\W\d_]*+[0-9@$!|+][\w@$!|+]*+")
_STARRED = re.compile(r"(?<![\w*])[a-zA-Z][a-zA-Z*]*\*[a-zA-Z*]*(?![\w*])")
_JOINED = re.compile(r"(?<![\w.\-/])[^\W\d_]++(?:[._\-~*|][^\W\d_]++)++(?!\w)")
_COMMENT = re.compile(r"(?:^|\s)#.*")  # but 'C#' is an entry
_LONGEST_TAG = 100  # characters of a hashtag that is split
_MOST_STARRED = 200  # words with stars that are looked up in one comment
_ACRONYM = 3  # letters of a dotted acronym: 'R.A.T.' is not a rat
_MOST_HITS = 500  # places that are looked at in one comment
_QUOTED = 3  # words that a message quotes


def _lines(value: object, info: ValidationInfo) -> object:
    """Return the entries in the file `value`, whose path is relative to the policy's folder.

    Any other value is returned unchanged.
    """
    if not isinstance(value, str):
        return value
    path = Path((info.context or {}).get("folder", "")) / value
    try:
        lines = path.read_text("utf-8-sig").splitlines() if value else []
    except FileNotFoundError:
        raise ValueError(f"there is no such file as {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    listed, problems = [], []
    for number, line in enumerate(lines, 1):
        entry = _COMMENT.sub("", line).strip()
        problem = entries.problem(entry) if entry else None
        if problem:
            problems.append(f"{path}, line {number}: {entry!r} {problem}")
        elif entry:
            listed.append(read(entry).clean)
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(listed)


def _usable(entry: str) -> str:
    problem = entries.problem(entry)
    if problem:
        raise ValueError(problem)
    return read(entry).clean


Entries = tuple[Annotated[str, AfterValidator(_usable)], ...]
EntriesOf = Annotated[tuple[str, ...], BeforeValidator(_lines)]


class Index(NamedTuple):
    """All entries of the word lists and their inflected forms, in dictionaries."""

    scores: dict[tuple[str, ...], float]  # by the entry's words
    lengths: dict[str, tuple[int, ...]]  # by the entry's first word: its possible numbers of words
    by_look: dict[str, str]  # single words by their skeleton
    by_shape: Shapes  # single words by length and first letter
    signed: entries.Signed  # entries with signs
    tags: dict[str, float]  # phrases, written as one word
    namesakes: frozenset[str]  # shipped words that are names too, unless the operator lists them
    shipped: frozenset[str]  # shipped words that the operator does not list


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[word_list]`."""

    banned: Entries = Field((), description="Words and phrases that are banned (score 1.0).")
    suspect: Entries = Field((), description="Words and phrases that a person looks at.")
    allowed: Entries = Field((), description="Words and phrases that are allowed after all.")
    banned_file: EntriesOf = Field((), description="A file with more banned entries, one a line.")
    suspect_file: EntriesOf = Field((), description="A file with more suspect entries.")
    allowed_file: EntriesOf = Field((), description="A file with more allowed entries.")
    suspect_score: float = Field(0.6, ge=0, le=1, description="The score of a suspect word.")
    shipped: bool = Field(True, description="Whether the shipped entries are suspect.")

    @cached_property
    def index(self) -> Index:
        """The lookup tables of all entries in the word lists."""
        shipped = (*WORDS["strong"].split(), *WORDS["goading"].splitlines()) if self.shipped else ()
        lists = (
            (self.suspect_score, (*self.suspect, *self.suspect_file)),
            (1.0, (*self.banned, *self.banned_file)),
            (0.0, (*self.allowed, *self.allowed_file)),
        )
        own: dict[tuple[str, ...], float] = {}
        for score, listed in lists:
            own |= dict.fromkeys(_forms(listed), score)
        words_listed = {word for words in own for word in words}
        harmless = [words for words in _forms(HARMLESS) if words_listed.isdisjoint(words)]
        scores = {
            **dict.fromkeys(_forms(shipped), self.suspect_score),
            **dict.fromkeys(harmless if self.shipped else (), 0.0),
            **own,
        }
        lengths: dict[str, set[int]] = {}
        for words in scores:
            lengths.setdefault(words[0], set()).add(len(words))
        single = [words[0] for words in scores if len(words) == 1]
        return Index(
            scores,
            {word: tuple(sizes) for word, sizes in lengths.items()},
            {skeleton(word): word for word in single},
            by_shape(single),
            entries.Signed(
                (entry, score)
                for score, listed in lists
                for entry in listed
                if entries.has_signs(entry)
            ),
            {"".join(words): score for words, score in scores.items() if len(words) > 1},
            frozenset(word for word in NAMESAKES if self.shipped and (word,) not in own),
            frozenset(
                words[0] for words in _forms(shipped) if len(words) == 1 and words not in own
            ),
        )


def _forms(listed: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield each entry as a tuple of words, once for each inflected form of its last word.

    Entries with signs, such as 'C++', have no forms.
    """
    for entry in listed:
        words = [] if entries.has_signs(entry) else [word for word, _, _ in entries.words(entry)]
        if words:
            yield from ((*words[:-1], form) for form in sorted(inflections(words[-1])))


class Hit(NamedTuple):
    """A place, `start`..`end` of the normalised text, that matches an entry of the word lists."""

    start: int
    end: int
    score: float
    in_link: bool = False  # whether it counts in a link, too


def check(text: Text, settings: Settings) -> Finding | None:
    """Find the listed words, except where an allowed entry covers them."""
    index = settings.index
    hits = [
        hit for hit in islice(_hits(text, index), _MOST_HITS) if not _is_harmless(text, hit, index)
    ]
    if not any(hit.score for hit in hits):
        return None
    covered = bytearray(len(text.clean))  # places of allowed entries and earlier hits
    links = bytearray(len(text.clean))
    for token in text.tokens:
        if token.kind in ("link", "email"):
            links[token.start : token.end] = b"\1" * (token.end - token.start)
    listed = []
    for hit in sorted(hits, key=lambda hit: (hit.score > 0, hit.start, -hit.end)):
        if not covered[hit.start] and (hit.in_link or not links[hit.start]):
            covered[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
            listed += [hit] if hit.score else []
    if not listed:
        return None
    spans = tuple(text.span(hit.start, hit.end) for hit in listed)
    quoted = [f"“{word}”" for word in dict.fromkeys(span.text for span in spans)][:_QUOTED]
    words = " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
    return Finding("word_list", max(hit.score for hit in listed), _MESSAGE.format(words), spans)


_MESSAGE = "Please say it without {}."


def _hits(text: Text, index: Index) -> Iterator[Hit]:
    """Yield the places that match an entry: as written, in hashtags, and in disguised spelling."""
    clean = text.clean
    yield from (Hit(*hit) for hit in _listed(clean, index))
    yield from (Hit(*hit, in_link=True) for hit in index.signed.find(clean))
    deobfuscated = text.deobfuscated
    if deobfuscated.edits:
        for start, end, score in _listed(deobfuscated.text, index):
            yield Hit(*deobfuscated.span(start, end), score)
    if "#" in clean:
        yield from _in_hashtags(text, index)
    if _SIGN.search(clean):
        yield from _behind_signs(clean, index)
    if "*" in clean:
        yield from _behind_stars(clean, index)


def _is_harmless(text: Text, hit: Hit, index: Index) -> bool:
    """Whether a matched word means no harm: it is a name ('Katwa station'), or is condemned.

    Only words of the shipped list are looked at. A word that the operator lists always counts.
    """
    if not hit.score:
        return False
    word = text.clean[hit.start : hit.end].lower().removesuffix("'s")
    if word in index.namesakes and is_name(text.clean, hit.start, hit.end):
        return True
    return word in index.shipped and harmless.covers(text, hit.start, hit.end)


def _in_hashtags(text: Text, index: Index) -> Iterator[Hit]:
    """Yield the listed words and phrases in hashtags: '#LoveJihad', '#stoplovejihad'."""
    for token in text.tokens:
        if token.kind != "hashtag" or len(token.text) > _LONGEST_TAG:
            continue
        words = entries.split_hashtag(text.clean, token.start + 1, token.end)
        if len(words) > 1:
            yield from (Hit(*hit) for hit in _phrases(words, index))
        tag = entries.plain(token.text[1:].lower())
        if index.tags and len(tag) == len(token.text) - 1:
            for start, end, score in entries.phrases_within(tag, index.tags):
                yield Hit(token.start + 1 + start, token.start + 1 + end, score)


def _listed(text: str, index: Index) -> Iterator[tuple[int, int, float]]:
    """Yield start, end and score of each listed entry in a text. Hyphens may join its words."""
    candidates = entries.WORD.findall(entries.plain(text.lower()))
    if index.lengths.keys().isdisjoint(word.removesuffix("'s") for word in candidates):
        return  # the quick way out, which nearly all texts take
    yield from _phrases(entries.words(text), index, text)


def _phrases(
    words: Sequence[entries.Word], index: Index, text: str = ""
) -> Iterator[tuple[int, int, float]]:
    """Yield start, end and score of each listed entry among the words of a text or a hashtag."""
    for first, (word, start, _) in enumerate(words):
        for length in index.lengths.get(word, ()):
            phrase = words[first : first + length]
            score = index.scores.get(tuple(part for part, _, _ in phrase))
            if score is not None and len(phrase) == length and _joined(text, phrase):
                yield start, phrase[-1][2], score


def _joined(text: str, words: Sequence[entries.Word]) -> bool:
    """Whether only blanks or single hyphens separate these words of the text."""
    return all(text[left[2] : right[1]].strip() in ("", "-") for left, right in pairwise(words))


def _behind_signs(clean: str, index: Index) -> Iterator[Hit]:
    """Yield listed words that are written with signs or digits: 'qui5ling', 'quis.ling'."""
    for match in _SIGNED.finditer(clean):
        shown = match[0].rstrip("!|+")
        letters = sum(map(str.isalpha, shown))
        if 1 < letters < len(shown) <= letters * 2:
            word = index.by_look.get(skeleton(shown))
            if word:
                yield Hit(match.start(), match.start() + len(shown), index.scores[(word,)])
    for match in _JOINED.finditer(clean):
        joined = "".join(filter(str.isalpha, match[0]))
        score = index.scores.get((joined.lower(),))
        if score is not None and not (joined.isupper() and len(joined) <= _ACRONYM):
            yield Hit(*match.span(), score)


def _behind_stars(clean: str, index: Index) -> Iterator[Hit]:
    """Yield listed words with at most half of their letters hidden by stars: 'qu*sling'."""
    for match in islice(_STARRED.finditer(clean), _MOST_STARRED):
        shown = match[0].lower()
        footnote = len(shown) < 6 and shown.find("*") == len(shown) - 1
        if shown.count("*") * 2 <= len(shown) and not footnote:
            for word in islice(behind_stars(shown, index.by_shape), 1):
                yield Hit(*match.span(), index.scores[(word,)])


class Reading(NamedTuple):
    """An explanation for the operator: which texts an entry of the word lists matches."""

    key: str  # "banned", "suspect" or "allowed"
    entry: str
    signs: bool  # whether it is found as it is written
    matches: tuple[str, ...]
    misses: tuple[str, ...]


def readings(settings: Settings) -> Iterator[Reading]:
    """Yield for each listed entry up to two example texts that it matches and one that it misses.

    >>> next(readings(Settings(banned=("C++",))))
    Reading(key='banned', entry='C++', signs=True, matches=('C++', 'c++'), misses=('c',))
    """
    for key in ("banned", "suspect", "allowed"):
        for entry in (*getattr(settings, key), *getattr(settings, f"{key}_file")):
            alone = Settings(shipped=False, banned=(entry,))
            signs = entries.has_signs(entry)
            texts = [*dict.fromkeys(_candidates(entry, signs))]
            matching = [text for text in texts if check(read(text), alone)]
            others = [text for text in texts if text not in matching]
            yield Reading(key, entry, signs, tuple(matching[:2]), tuple(others[:1]))


def _candidates(entry: str, signs: bool) -> Iterator[str]:
    """Yield example texts that an entry may match or miss, the most instructive first."""
    yield entry
    words = [word for word, _, _ in entries.words(entry)]
    if signs:
        yield from (entry.lower(), entry.upper(), f"({entry})")
        yield from (" ".join(words), f"{entry}{entry[-1]}", f"x{entry}")
        return
    if len(words) > 1:
        yield "#" + "".join(word.capitalize() for word in words)
        yield ", ".join(words)
        return
    *_, last = sorted(inflections(words[0]), key=lambda form: (form.endswith("s"), form))
    yield from (last, entry.upper(), f"#{entry}")
    yield f"x{entry}x"
