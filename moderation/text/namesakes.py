"""Recognise names that are also slurs: the Chutia community, Katwa station, Kike García.

'Bitch' for a female dog counts as such a name. `is_name` looks at the word itself and at the words
around it. It answers yes only where the text shows a name: a capital letter with a title, a surname
or a preposition of place next to it, or the noun of a community or a station. In doubt the answer
is no, and a person looks.
"""

from __future__ import annotations

import regex

from moderation.text.spelling import EVERYDAY, WORDS

_COMMUNITIES = frozenset("chutia chutias chutiya".split())
_SURNAMES = _COMMUNITIES | frozenset("gandu gook bhadwa bhadva randwa".split())
_FIRST_NAMES = frozenset("kike chinki".split())
_PLACES = frozenset("katwa bhadwa randwa".split())
_DOGS = frozenset("bitch bitches".split())
_UNIONS = frozenset(["kys"])  # a students' union in Delhi
_NEUTRAL = frozenset("hijda hijdas".split())  # neutral with 'community' after them
NAMESAKES = _NEUTRAL | _SURNAMES | _FIRST_NAMES | _PLACES | _DOGS | _UNIONS

# Words that have a slur after them, or before them, and not a name.
_INSULTING = frozenset(
    """
    you u your ur tu tum tera ye yeh is are was were am be a an such this these those that
    abe abey oye sala saala sale saale bloody fucking damn stupid dirty every all pakka ek
    sab kya bada bade no some my any another called filthy
    """.split()
)
_INSULTED = frozenset(
    "hai h ho hain hota hote log logo sala saala sale saale bana banaya giri panti nahi".split()
)
_COMMUNITY = frozenset(
    """
    community communities caste kingdom kingdoms dynasty dynasties tribe tribes language king kings
    rulers queen princess clan people student students council leader leaders autonomous history
    culture mla mp village
    """.split()
)
_TOWN = frozenset(
    """
    village villages town station junction railway district municipality subdivision sub-division
    assembly constituency line local locals train trains block thana police college hospital road
    seat court mla mp area market
    """.split()
)
_FAMILY = frozenset("family families surname".split())
_ALL_NOUNS = _COMMUNITY | _TOWN | _FAMILY
_OF_PEOPLE = frozenset("people family families student students locals leader leaders".split())
_TITLES = frozenset(
    """
    cat dog mr mrs ms miss dr shri shree sri smt prof professor justice judge minister inspector
    coach captain friend brother sister daughter son wife aunt uncle cousin colleague
    named striker forward winger defender midfielder goalkeeper shooter coach manager
    journalist actor actress
    """.split()
)
_VERBS = frozenset(
    """
    won wins scored scores said says has had scoring signed signs joined joins played
    plays ruled speak speaks belong belongs told spoke added retired
    """.split()
)
_TARGETS = frozenset(
    """
    modi rahul gandhi kejriwal bjp congress pappu yogi amit shah mamata sonia nehru aap
    rss sanghi bhakt bhakts india indian indians pakistan pakistani pakistanis muslim
    muslims hindu hindus trump biden media ndtv arnab ravish jew jews jewish zionist
    zionists israel israeli soros rothschild
    """.split()
)
_OF_PLACE = frozenset(
    """
    from to in at near via towards toward between reach reached visit visited around
    through outside of leave leaves left and
    """.split()
)
_BREEDING = frozenset(
    """
    puppy puppies pup pups litter litters whelp whelps whelped whelping kennel kennels
    breeder breeders spay spayed spaying neuter neutered neutering sterilise sterilised
    sterilize sterilized pedigree lactating stray strays labrador labradors alsatian
    alsatians retriever spaniel terrier greyhound hound hounds canine vet oestrus dogs
    """.split()
)
_OF_DOGS = frozenset(
    """
    the a his her our their my stray pregnant lactating mother brood breeding nursing
    female labrador alsatian spaniel terrier greyhound old young healthy and two three
    """.split()
)

_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['\-][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*")
# Words in the same sentence that show a community or a town.
_OF_ASSAM = frozenset(
    "community communities tribe tribes kingdom dynasty assam assamese ahom ahoms".split()
)
_OF_BENGAL = frozenset("bengal burdwan bardhaman howrah bandel nabadwip azimganj".split())
_OF_FOOTBALL = frozenset(
    "midfield midfielder striker goal goals penalty header liga eibar osasuna getafe match".split()
)
_OF_UNIONS = frozenset(
    "activists activist members member leaders leader protesters protested demanded said".split()
)
_JUDGED = regex.compile(r"\b(?:what|such|is|was|are|'s|ur|of) an? $", regex.IGNORECASE)
_NAMED = regex.compile(r"\b(?:name(?:'s| is| was)|named|nicknamed) $", regex.IGNORECASE)
_FAR = 200  # characters around a word that are looked at
_NEAR = 40  # characters around a word in which its neighbours are
_SENTENCE_END = frozenset(".!?\n")


def is_name(clean: str, start: int, end: int) -> bool:
    """Whether the slur at `start`..`end` is used as a name, or as the word for a female dog.

    >>> is_name("The Chutia community met.", 4, 10), is_name("You Chutia!", 4, 10)
    (True, False)
    """
    written = clean[start:end].removesuffix("'s")
    word = written.lower()
    if word in _DOGS:
        return _is_dog(clean, start)
    if word not in NAMESAKES:
        return False
    if word in _UNIONS:
        return written.isupper() and _after(clean, end)[0].lower() in _OF_UNIONS
    if written.istitle() and _NAMED.search(clean[max(0, start - _NEAR) : start]):
        return True
    before, joined = _before(clean, start)
    after, adjacent = _after(clean, end)
    if _is_insult(before.lower(), after.lower()):
        return False
    if adjacent and after.lower() in _nouns(word):
        return True
    if not (written[0].isupper() and written[1:].islower()):
        return False
    if before.lower() in _TITLES:
        return True
    if before.lower() in _TARGETS:
        return False
    if after in _VERBS:
        return True
    if word in _PLACES and (before.lower() in _OF_PLACE or after == "to"):
        return True
    if not _context(word).isdisjoint(_sentence(clean, start)):
        return True
    if word in _COMMUNITIES and joined and _is_capitalised_name(before):
        return True
    if word not in _FIRST_NAMES:
        return False
    if clean.startswith(("'s ", " and his ", " and her "), start + len(written)):
        return True
    return adjacent and _is_capitalised_name(after)


def _context(word: str) -> frozenset[str]:
    """Return the words that show, anywhere in the sentence, that `word` is a name there."""
    if word in _COMMUNITIES:
        return _OF_ASSAM
    if word == "katwa":
        return _OF_BENGAL
    return _OF_FOOTBALL if word == "kike" else frozenset()


def _nouns(word: str) -> frozenset[str]:
    """Return the nouns that show that `word` is a name if they directly follow it."""
    if word in _NEUTRAL:
        return frozenset(["community", "communities"])
    if word in _COMMUNITIES:
        return _COMMUNITY | _FAMILY
    return _TOWN if word in _PLACES else _FAMILY


def _is_insult(before: str, after: str) -> bool:
    """Whether a slur's neighbours show that it is one: 'you Chutia', 'these chutia people'."""
    if after in _INSULTED:
        return True
    return before in _INSULTING and (after not in _ALL_NOUNS or after in _OF_PEOPLE)


def _is_capitalised_name(word: str) -> bool:
    """Whether a word next to a name can be the other part of a person's name."""
    lower = word.lower()
    return (
        word[:1].isupper()
        and word[1:].islower()
        and lower not in EVERYDAY
        and lower not in _TARGETS | _INSULTING | _ALL_NOUNS
    )


def _before(clean: str, start: int) -> tuple[str, bool]:
    """Return the previous word of the sentence, and whether it directly precedes `start`."""
    left = clean[max(0, start - _NEAR) : start]
    words = [*_WORD.finditer(left)]
    if not words:
        return "", False
    word, gap = words[-1][0], left[words[-1].end() :]
    ended = not _SENTENCE_END.isdisjoint(gap) and word.lower() not in _TITLES and len(word) > 1
    return ("", False) if ended else (word, gap.strip(" \"'.-") == "")


def _after(clean: str, end: int) -> tuple[str, bool]:
    """Return the next word of the sentence, and whether it directly follows `end`."""
    right = clean[end : end + _NEAR].removeprefix("'s")
    match = _WORD.search(right)
    if match is None or not _SENTENCE_END.isdisjoint(right[: match.start()]):
        return "", False
    return match[0], right[: match.start()].strip(" \"'-") == ""


def _is_dog(clean: str, start: int) -> bool:
    """Whether 'bitch' means a dog: the sentence also names its litter, its vet or its breed."""
    before, _ = _before(clean, start)
    if before.lower() not in _OF_DOGS or _JUDGED.search(clean[max(0, start - _NEAR) : start]):
        return False
    return not _BREEDING.isdisjoint(_sentence(clean, start))


def _sentence(clean: str, start: int) -> list[str]:
    """Return the words, in small letters, of the sentence around `start`."""
    first = max(clean.rfind(sign, 0, start) for sign in _SENTENCE_END) + 1
    ends = [at for sign in _SENTENCE_END if (at := clean.find(sign, start)) >= 0]
    last = min(ends, default=len(clean))
    stretch = clean[max(first, start - _FAR) : min(last, start + _FAR)].lower()
    return [word.removesuffix("'s") for word in _WORD.findall(stretch.replace("-", " "))]


HARMLESS = tuple(WORDS["harmless"].strip().splitlines())
