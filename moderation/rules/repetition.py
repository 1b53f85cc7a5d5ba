"""A comment says a thing once, and does not repeat the author's earlier comments.

The rule looks for the same sign, letter, word, phrase or sentence over and over, and for a comment
that its author has posted already (`recent`), word for word or nearly. Repetition adds nothing for
readers and pushes other comments off the page. The same comment under many articles is a campaign.

Within a comment the score is the share of its letters and signs that only repeat: "no no no no no"
scores 0.8, because four of its five words do. Dots and dashes in a row separate things and do not
count, and neither do laughter, a refrain, and words of the comment that is answered. Prayers,
cheers, slogans, chanted names and emoji of sympathy may occur twelve times in a row. For a comment
posted before, the score is the similarity of the two (1.0: word for word), compared in small
letters and without punctuation. Condolences, thanks and good wishes may be posted again.
In the service, an earlier comment that its author was asked to correct counts only if it comes
back unchanged.

- Fires: "no no no no no", "Great!!!!!!!!!!!!", "sooooooo good", "The road is still not built. The
  road is still not built."
- Fires, after the comment "The road to our village is not built.": "The road to our village is
  still not built!"
- Does not fire: "very very good", "No, no!", "Wow!!!", "Ha ha ha ha ha", "Hmm...", "-----", "RIP
  🙏🙏🙏🙏🙏🙏🙏", "Om Shanti, Om Shanti, Om Shanti, Om Shanti", "Run, run, run, run, run!"
- Does not fire, after the comment "Well said, sir.": "Well said, sir."
- Does not fire, after the comment "My condolences to the family. Om Shanti, sir.": "My condolences
  to the family. Om Shanti, sir."

Limits: the rule misses the same thought in other words, and a repeated courtesy in other languages
than English and romanised Hindi counts. It compares the beginning of each of the
`most_recent` earlier comments.

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: within a comment found in 0.5, 0.4, 0.5, 0.8 and 0.8 %,
sent to review at most 0.05 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import eq
from typing import NamedTuple

import regex
from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text, Token

# A quick test: the patterns below run only if a sign is repeated five times, if there are eight
# marks of alarm, or a skin tone.
_HINT = re.compile(r"(\S)(?:\s?\1){4}|[?!](?:\s?[?!]){7}|[🏻-🏿]", re.IGNORECASE)
_LETTERS = regex.compile(r"(?i)(\p{L})\1{4,}+")
# Dots, dashes and the like draw lines between things. They are not emphasis.
_SIGNS = regex.compile(
    r"([^\p{L}\p{M}\p{N}\s.\-_=*~#|]\p{Emoji_Modifier}?)(?:\s?\1){5,}+|(?:[?!]\s?){8,}+"
)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_BLOCKQUOTE = regex.compile(r"(?is)<blockquote\b[^<>]*>.*?</blockquote>")
_TAG = re.compile(r"<[^<>]*>")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_LAUGHTER = frozenset("ha he hi ho hah heh haha hehe lol aha".split())
_MOST_CHEERS = 12  # how often a prayer, a cheer or an emoji of feeling may occur in a row
_FEELINGS = frozenset(
    "🙏💐🌹🌷🌺🌸🌼🕯🪔❤💔💕💖🧡💚💙🤍😢😭😥😔🙌👏🎉🎊🎂🥳🎈✨🔥💪🤲☮👍👌😊😍🥰😘💯😂🤣😆😄"
)
# Prayers, cheers and slogans, which people chant.
_CHANTS = frozenset(
    "again akbar allah allahu alleluia amen amin azadi bappa bharat bhole birthday bless"
    " blessed bolo boycott bravo chak chalo cheers christmas come congrats congratulations de"
    " dhanyavaad diwali done down eid faster fly ganga ganpati go goal god govinda hail"
    " hallelujah happy har harder hare hari hey hind hip holi hooray hurrah hurray in india"
    " inquilab jai jay jaya jeetega ji jindabad justice kar ki kick king krishna la live long"
    " lord maa mahadev maharaj mata mataram mein merry morya mubarak namah namaskar namaste"
    " namo narayan never new om on peace praise pray push queen rab radhe ram rama resign"
    " respect rest rip run sai said salute sat shabash shambhu shame shanti shiva shivaya"
    " shree shri siya so sorry sri stronger superb swami thank thanks the to true up usa"
    " vande viva wah waheguru welcome well win with woohoo wow yay year yes yo you zindabad".split()
)
# Condolences, thanks and good wishes: words that only they have, and their other words.
_COURTEOUS = frozenset(
    "aameen advance amen anniversary birthday bless blessings bravo condolence condolences"
    " congrats congratulation congratulations diwali eid farewell greetings holi kudos mourn"
    " mubarak naman namaskar namaste pranam prayers praying respects rest rip salute salutes"
    " shanti shraddhanjali shradhanjali soul sympathies sympathy thank thanks thanx tribute"
    " tributes wishes wishing".split()
)
_ALL_POLITE = _COURTEOUS | frozenset(
    "a all almighty always amazing and another are art article at atma attain be beautiful"
    " bereaved best bhagwan big blessed boys brave brilliant brother by captain century"
    " champion christmas coming cricket day dear deep deepest departed doctor doctors dr"
    " effort efforts eternal ever excellent express families family father fine for forever"
    " friends from girls give god gods goes gone good got grant great greatest grieving had"
    " happy hard hats he heart heartfelt hearty heaven her him his hon honest hope humble i"
    " ideal in india indian information informative is it ji job keep kind king lady late"
    " leader legend life light long lord loss lost lots love ma'am madam make makes man may"
    " me medal memory merry miss missed mother mr mrs ms much my nation near new nice no"
    " nurses of off offer officer om on one our pandit part passed passing pay peace people"
    " person piece played please power pray proud regards report rest sad sahab saheb sardar"
    " say see send sending share sharing shri sincere sir sister smt so soldier soldiers soon"
    " sorry special strength such swami teacher teachers team that the their them they this"
    " time to today true truly up very victims victory warm warmest we well were what where"
    " whole will wish with women wonderful work world would writer writing year you young"
    " your".split()
)
_POLITE_SHARE = 0.75  # of the words; the others are names
_POLITE_WORDS = 40  # a longer comment is more than a courtesy
_FUNCTION = frozenset(
    "add all buy call click follow get he i it like me more never no not now pay please sell"
    " she stop subscribe that the they this vote we yes you very".split()
)
_LONGEST_PHRASE = 6  # words; longer repetitions are found as sentences
_SENTENCE_WORDS = 5  # shorter sentences may repeat, for emphasis
_REFRAINS = 2  # times that a sentence may return later in the comment
_QUOTED = 60  # characters of the author's words that a message quotes
_COMPARED = 2_000  # characters of each comment that are compared


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[repetition]`."""

    most_words: int = Field(4, ge=1, description="How often a word may occur in a row.")
    most_phrases: int = Field(3, ge=1, description="How often a phrase may occur in a row.")
    alike: float = Field(
        0.9, gt=0, le=1, description="From this similarity on, a comment counts as posted before."
    )
    fewest_words: int = Field(6, ge=1, description="Comments with fewer words may be posted again.")
    most_recent: int = Field(
        50, ge=0, le=1_000, description="The number of earlier comments to compare."
    )


class Repeat(NamedTuple):
    """A repetitive part of the normalised text, and the message. The repeat begins at `again`."""

    start: int
    again: int
    end: int
    message: str


def check(text: Text, settings: Settings) -> Finding | None:
    """Find a comment that was posted before, or else repetition within the comment."""
    similarity = _similarity(text, settings)
    if similarity:
        message = "You have posted this comment before; say something new."
        return Finding("repetition", similarity, message, (text.span(0, len(text.clean)),))
    repeats = _apart([*_stretched(text), *_words(text, settings), *_sentences(text)])
    if not repeats:
        return None
    extra = sum(_size(text.clean[repeat.again : repeat.end]) for repeat in repeats)
    spans = tuple(text.span(repeat.start, repeat.end) for repeat in repeats)
    score = extra / _size(text.clean)
    return Finding("repetition", score, repeats[0].message, spans)


def _size(part: str) -> int:
    """Return the number of characters without white space."""
    return sum(map(len, part.split()))


def _stretched(text: Text) -> Iterator[Repeat]:
    """Yield long runs of one letter or sign. Its first occurrence does not count as a repeat."""
    if not _HINT.search(text.clean):
        return
    for match in _LETTERS.finditer(text.clean):
        message = f"Leave out the extra letters in “{match[0][:_QUOTED]}”."
        yield Repeat(match.start(), match.start() + 1, match.end(), message)
    for match in _SIGNS.finditer(text.clean):
        feeling = (match[1] or "")[:1] in _FEELINGS
        if feeling and text.words and match[0].count(match[1]) <= _MOST_CHEERS:
            continue
        message = f"One “{match[1] or match[0][0]}” is enough."
        yield Repeat(match.start(), match.start() + 1, match.end(), message)


def _words(text: Text, settings: Settings) -> Iterator[Repeat]:
    """Yield passages in which a word or a phrase of up to `_LONGEST_PHRASE` words is repeated."""
    words = [word.text.casefold() for word in text.words]
    for length in range(1, _LONGEST_PHRASE + 1):
        most = settings.most_words if length == 1 else settings.most_phrases
        if sum(map(eq, words, words[length:])) <= (most - 1) * length:
            continue
        for first, last in _runs(words, length):
            times = (last - first) / length
            if times > most and not _LAUGHTER.issuperset(words[first:last]):
                if times <= _MOST_CHEERS and _is_chant(text.words[first:last], length):
                    continue
                yield _repeat(text, text.words[first:last], length)


def _is_chant(run: list[Token], length: int) -> bool:
    """Whether a passage of one repeated phrase is a prayer, a cheer, a slogan or a chanted name.

    A repeated word is a name if it always has a capital, or if it is an abbreviation without
    vowels.
    """
    if all(word.text.casefold() in _CHANTS for word in run[:length]):
        return True
    return length == 1 and all(
        word.text[0].isupper()
        and (word.text[1:].islower() or not set("AEIOUY").intersection(word.text))
        and word.text.casefold() not in _FUNCTION
        for word in run
    )


def _runs(words: list[str], length: int) -> Iterator[tuple[int, int]]:
    """Yield each run of one repeated phrase of `length` words, as its start and end word index."""
    first = 0
    for index in range(length, len(words) + 1):
        if index == len(words) or words[index] != words[index - length]:
            if index - first >= 2 * length:
                yield first, index - (index - first) % length
            first = index - length + 1


def _repeat(text: Text, words: list[Token], length: int) -> Repeat:
    phrase = text.clean[words[0].start : words[length - 1].end]
    message = f"Write “{phrase[:_QUOTED]}” once."
    return Repeat(words[0].start, words[length].start, words[-1].end, message)


def _sentences(text: Text) -> Iterator[Repeat]:
    """Yield longer sentences that already occurred earlier in the comment.

    A few sentences may return once as a refrain, if other sentences stand between. Sentences from
    the parent comment do not count, because they are quoted.
    """
    if len(text.sentences) < 2:
        return
    parent = _normal(text.comment.parent or "")
    places: dict[str, int] = {}  # of each sentence, the first place
    sources: list[int | None] = []  # of each sentence, the place of the same sentence before it
    for place, sentence in enumerate(text.sentences):
        long = len(sentence.text) >= _SENTENCE_WORDS * 2 - 1
        normal = _normal(sentence.text) if long else ""
        known = places.get(normal)
        sources.append(known)
        if known is None and normal.count(" ") + 1 >= _SENTENCE_WORDS and normal not in parent:
            places[normal] = place
    refrains = 0
    for place, source in enumerate(sources):
        if source is None:
            continue
        earlier, sentence = text.sentences[source], text.sentences[place]
        around = {sources[place - 1], *sources[place + 1 : place + 2]}
        between = len(_WORD.findall(text.clean[earlier.end : sentence.start]))
        refrains += 1
        if refrains <= _REFRAINS and between >= _SENTENCE_WORDS - 1 and around == {None}:
            continue
        message = "This sentence stands in your comment twice; once is enough."
        yield Repeat(sentence.start, sentence.start, sentence.end, message)


def _apart(repeats: list[Repeat]) -> list[Repeat]:
    """Return the repeats sorted by place, without those that overlap an earlier or longer one."""
    ordered = sorted(repeats, key=lambda repeat: (repeat.start, -repeat.end))
    apart = ordered[:1]
    for repeat in ordered[1:]:
        if repeat.start >= apart[-1].end:
            apart.append(repeat)
    return apart


def _normal(text: str) -> str:
    """Return a text as it is compared with others: small letters, digits and single spaces."""
    return " ".join(_WORD.findall(text.casefold()))


def _similarity(text: Text, settings: Settings) -> float:
    """Return the similarity (0..1) of the author's most similar recent comment.

    A similarity below the setting `alike` counts as 0.
    """
    if not text.comment.recent or len(text.words) < settings.fewest_words or _is_courtesy(text):
        return 0.0
    from rapidfuzz import fuzz  # slow to load, and needed only here

    is_html = text.comment.format == "html"
    comment = _normal(_own_words(text.raw if is_html else text.clean, is_html)[:_COMPARED])
    if comment.count(" ") + 1 < settings.fewest_words:
        return 0.0
    least = settings.alike * 100
    return max(
        (
            fuzz.ratio(
                comment, _normal(_own_words(recent, is_html)[:_COMPARED]), score_cutoff=least
            )
            / 100
            for recent in text.comment.recent[: settings.most_recent]
        ),
        default=0.0,
    )


def _own_words(text: str, is_html: bool) -> str:
    """Return a text without what it quotes: lines that begin with '>', and blockquotes in HTML.

    >>> _own_words("> You are wrong.\\nI am right.", is_html=False)
    '\\nI am right.'
    >>> _own_words("<blockquote>You are wrong.</blockquote><p>I am right.</p>", is_html=True)
    ' I am right. '
    """
    if not is_html:
        return _QUOTED_LINE.sub("", text)
    return _TAG.sub(" ", _BLOCKQUOTE.sub("", text))


def _is_courtesy(text: Text) -> bool:
    """Whether a comment is only a condolence, thanks or a good wish, with names.

    >>> from moderation.text.reading import read
    >>> _is_courtesy(read("My condolences to the family of Dr. Menon. Om Shanti."))
    True
    >>> _is_courtesy(read("Thanks to Dr. Ojo my husband came back, call 555 0100."))
    False
    """
    words = [word.text.casefold() for word in text.words]
    if not 0 < len(words) <= _POLITE_WORDS or not _COURTEOUS.intersection(words):
        return False
    if any(token.kind in ("link", "email", "number", "mention") for token in text.tokens):
        return False
    others = [word for word in words if word not in _ALL_POLITE]
    return len(others) <= (1 - _POLITE_SHARE) * len(words)
