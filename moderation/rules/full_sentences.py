"""Comments are written in full sentences.

A sentence is full if it has a subject and a finite verb, or is an imperative. A question or an
exclamation needs a verb too, except in set forms ('What about the farmers?', 'So what?', 'Long live
the republic!', proverbs). A clause that only starts with 'because' or 'which', and a phrase without
a verb, are fragments, however short. Grammar mistakes, small letters and missing full stops do not
make a fragment. Courtesies ('Well said.') and agreement ('Exactly.', 'Yes, sir.') are always
welcome. The rule finds a comment only if full sentences hold less than a certain share of its
words.

As shipped, a person sees the comments that are nearly certain to have no full sentence. All other
findings are `observed`. With `strict = true`, a person sees every comment without a full sentence.
Either way a dry run and the `hints` of `/v1/suggest` tell the author before posting.

- Fires: "Total failure of governance. Shame on the police.", "Because they never listen.",
  "Utter nonsense", "What a farce"
- Fires, with `strict = true`: "Yet another plan with no money"
- Does not fire: "He is having two houses.", "Kindly do the needful.", "Wow, that is bad!",
  "Great work! The team has made us proud.", "Thank you.", "Yes, absolutely right, sir.",
  "Digitise every land record.", "What about the farmers?"
- Measured: the model is right about 96 of 100 sentences of the treebank's development file,
  whatever their case, punctuation and mistakes. It is as good on 214 sentences of real comments
  that we labelled by hand (news sites of the United States 95 and Canada 96, Indian English 98).
  Of comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and of Indian ones (TRAC), in this
  order, the rule found 12.0, 11.8, 6.5 and 13.2 %, and sent 4.9, 3.5, 0.9 and 3.7 % to review; with
  `strict`, 10.7, 10.0, 5.0 and 10.9 %. We labelled 550 comments of UCC, Fox News and TRAC before
  the rule judged them, tuned on half and measured on the other half: 11 % have no full sentence. As
  shipped, 93 % of the comments sent to review have none (95 % interval 84 to 100), and these are
  36 % of all that have none (23 to 54); the rule before sent 15 % of them. With `strict`, the
  figures are 80 % (66 to 93) and 87 % (71 to 98).
- Limits: the rule knows English only. It judges words and their order, and is surer about sentences
  of four words and more. It can hardly tell a dropped subject ("Appreciate the idea.") from an
  imperative, a long sentence without full stops from a fragment, or a headline from either. Our
  list of verbs for demands holds some 350; the model may not know others ("Harvest rainwater.").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import regex
from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text
from moderation.text.sentences import SentenceScore

_QUOTED = 60  # characters of a fragment that a message quotes
_SIGNS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_STRETCHED = regex.compile(r"(\p{L})\1{2,}")  # 'Yesss'
_NAMED = 3  # fragments that a message names
_PARTLY = 0.95  # the highest score of a comment that has a full sentence
_STRICT = 0.96  # with `strict`, the lowest score of a comment that has none
_ENGLISH = 0.5  # the rule skips comments that are less likely to be English
_FULL = 0.5  # from this probability on, a sentence counts as full
_LONGEST_COURTESY = 8  # words
_FIRST_SIGNS = 32  # the first word of a courtesy is within these characters
_NAME = regex.compile(r",\s*+(?:\p{Lu}[\p{L}'’]*+[.\s]*+){1,3}[.!]*+$")  # 'Agreed, Mr. Rao.'

# Words around a courtesy that make no sentence: 'Haha, well said.', 'Yes sir.'
_INTERJECTION = regex.compile(
    r"(?:ha|he|hi){2,}h?|lo+l|lmao|o+h+|a+h+|wo+w|hm+|hey|hi|hello|dear|well|and|but|so|sir|sirji"
    r"|madam|maam|mam|ji|bro|bhai|brother|sister|friends?|mate|guys|folks|all|boss"
)

# English has these sentences without a finite verb.
_LEAD_IN = r"^(?:(?:and|but|so|then|ok|okay|well|now|also|yes|no|sir) ){0,4}"
_COMPARED = (
    r"the (?:more|less|fewer|better|worse|sooner|later|earlier|bigger|smaller|larger|greater|higher"
    r"|lower|deeper|longer|shorter|faster|slower|louder|older|younger|richer|poorer|harder|easier"
    r"|closer|fatter|stronger|weaker|cheaper|merrier|quieter|simpler|safer)\b"
)
_PROVERBS = (
    "all bark (?:and )?no bite|all talk (?:and )?no action|be that as it may|better late than never"
    "|better safe than sorry|(?:an )?eye for an eye|come what may|easier said than done"
    "|easy come easy go|far from it|first things first|garbage in garbage out|good riddance"
    "|jack of all trades master of none|like father like son|like mother like daughter"
    "|no pain no gain|no smoke without fire|no taxation without representation"
    "|nothing ventured nothing gained|once bitten twice shy|out of sight out of mind"
    "|penny wise pound foolish|so be it|so far so good|sooner rather than later"
    "|to each (?:his|her|their) own|too little too late|unity in diversity"
)
_SET_SENTENCES = regex.compile(
    rf"\b(?:what|how) (?:about|abt)\b|{_LEAD_IN}(?:"
    r"why (?:not|no|only|just|always|so|the|all|this|these|such)\b|why \w+$|how come\b"
    r"|what if\b|so what$|what (?:else|for|next|now|then)\b|who else\b|since when\b|says who\b"
    r"|long live\b|god (?:bless|save|help|forbid)\b|heaven (?:forbid|help)\b"
    r"|thank (?:god|goodness|heavens?|allah|the lord)\b"
    r"|(?:down|away|off) with\b|hands off\b|three cheers\b|woe (?:to|betide)\b|so much for\b"
    rf"|{_COMPARED}.* {_COMPARED}|(?:{_PROVERBS})$)"
)


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[full_sentences]`."""

    share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Find comments with a smaller share of words in full sentences.",
    )
    minimum: int = Field(1, ge=1, description="Ignore fragments with fewer words in all.")
    strict: bool = Field(
        default=False,
        description="Give every comment without a full sentence a score of at least 0.96.",
    )
    courtesies: tuple[str, ...] = Field(
        (),
        description="Sentences that need no verb, whatever their case and punctuation; "
        "'Thanks ...' means all that begin with 'Thanks'. A sentence may join several.",
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find comments with too few words in full sentences.

    If no sentence is full, the score is the probability that none is. Otherwise the score depends
    on the share of words in full sentences: it is 0 at the setting `share`, and grows to at most
    `_PARTLY` as the share falls.
    """
    if text.scores.get("english", 1.0) < _ENGLISH:
        return None  # left to the rule `language`
    courtesies = _courtesies(settings.courtesies)
    sentences = [
        _score(text, sentence)
        for sentence in text.notes["sentences"]
        if not courtesies.match(text.clean[sentence.start : sentence.end])
    ]
    words = sum(sentence.words for sentence in sentences)
    fragments = [sentence for sentence in sentences if sentence.probability < _FULL]
    if not fragments or _is_exclamation(fragments, settings.minimum):
        return None
    share = sum(sentence.words * sentence.probability for sentence in sentences) / words
    has_none = len(fragments) == len(sentences)
    if share >= settings.share and not (has_none and settings.strict):
        return None
    if has_none:
        score = 1 - max(sentence.probability for sentence in sentences)
        score = max(score, _STRICT) if settings.strict else score
    else:
        score = min(1 - share / settings.share, _PARTLY)
    spans = tuple(text.span(sentence.start, sentence.end) for sentence in fragments)
    return Finding("full_sentences", score, _message(text, fragments), spans)


def _is_exclamation(fragments: Sequence[SentenceScore], minimum: int) -> bool:
    """Whether the fragments (incomplete sentences) are a short exclamation.

    A clause such as 'Because he lied.' is never an exclamation.
    """
    short = sum(sentence.words for sentence in fragments) < minimum
    return short and all(sentence.missing != "main clause" for sentence in fragments)


def _score(text: Text, sentence: SentenceScore) -> SentenceScore:
    """Return the model's result for a sentence. A set phrase ('So what?') counts as full."""
    if sentence.probability >= _FULL:
        return sentence
    words = _plain(text.clean[sentence.start : sentence.end])
    return sentence._replace(probability=1.0) if _SET_SENTENCES.search(words) else sentence


class _Courtesies:
    """Tells which sentences consist of the courtesies in the settings.

    A listed courtesy that ends in '...' matches every sentence that begins with its words.
    """

    def __init__(self, courtesies: tuple[str, ...]) -> None:
        plain = [(_plain(entry), entry.endswith("...")) for entry in courtesies]
        self._exact = frozenset(words for words, is_opening in plain if not is_opening)
        self._openings = tuple(words + " " for words, is_opening in plain if is_opening)
        self._first_words = frozenset(words.split(" ", 1)[0] for words, _ in plain)

    def match(self, sentence: str) -> bool:
        """Whether the sentence has only courtesies, interjections and perhaps a name at its end."""
        first = _plain(sentence[:_FIRST_SIGNS]).split(" ", 1)[0]
        if first not in self._first_words and not _INTERJECTION.fullmatch(first):
            return False
        words = _plain(sentence).split()
        at, has_courtesy = 0, False
        while at < len(words):
            if f"{' '.join(words[at : at + _LONGEST_COURTESY])} ".startswith(self._openings):
                return True
            length = self._exact_length(words[at : at + _LONGEST_COURTESY])
            if not length and not _INTERJECTION.fullmatch(words[at]):
                break
            has_courtesy |= length > 0
            at += length or 1
        return has_courtesy and (at == len(words) or _is_name(sentence, len(words) - at))

    def _exact_length(self, words: Sequence[str]) -> int:
        """Return the number of words of the longest courtesy at the start of `words`, or 0."""
        lengths = range(len(words), 0, -1)
        return next((length for length in lengths if " ".join(words[:length]) in self._exact), 0)


_courtesies = lru_cache(maxsize=8)(_Courtesies)


def _is_name(sentence: str, words: int) -> bool:
    """Whether the sentence ends with a comma and a name of this many words."""
    name = _NAME.search(sentence)
    return name is not None and len(_plain(name[0]).split()) == words


def _plain(text: str) -> str:
    """Return a text in small letters, without punctuation and repeated letters ('yesss')."""
    return _STRETCHED.sub(r"\1", _SIGNS.sub(" ", text.casefold())).strip()


def _message(text: Text, fragments: Sequence[SentenceScore]) -> str:
    """Return one sentence to the author that quotes the fragments and says what each lacks.

    Fragments are incomplete sentences.
    """
    parts = [_lack(text, fragment) for fragment in fragments[:_NAMED]]
    left = len(fragments) - len(parts)
    more = f"; and {left} more" if left else ""
    return f"Write in full sentences: {'; '.join(parts)}{more}."


def _lack(text: Text, fragment: SentenceScore) -> str:
    words = " ".join(text.clean[fragment.start : fragment.end].strip(" .!?,;:-\n").split())
    quoted = words if len(words) <= _QUOTED else words[:_QUOTED].rsplit(" ", 1)[0] + " …"
    match fragment.missing:
        case "verb":
            return f"“{quoted}” has no main verb"
        case "subject":
            return f"“{quoted}” does not say who or what"
        case "main clause":
            opening = words.split(" ", 1)[0].lower()
            return f"“{quoted}” starts with “{opening}” and does not say what follows"
