"""Recognise imperatives ('Dial 1930.') whose first word the tagger takes for a noun.

The tagger learned word roles from a treebank (parsed sentences) with few demands, so it hardly saw
such verbs. The lists in this file are our own.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

# These words are verbs wherever they open a sentence.
_VERBS = frozenset(
    "abolish accuse acquit adopt advise allow announce apologise apologize appoint apprehend ask "
    "assign assure avoid believe beware build bury cancel choose collect compare compensate "
    "condemn confirm confiscate connect consider consult create decide declare define defund "
    "demolish deny deploy deport describe desilt destroy detain devise disband disclose discuss "
    "dismiss disqualify dissolve distribute divert donate eat educate elect eliminate emulate "
    "enact encourage enforce engage ensure eradicate evacuate evict examine execute expel explain "
    "expose extend extradite follow forbid forget forgive fulfil fulfill get give identify ignore "
    "impeach implement impose imprison improve include inform inspect install interlink introduce "
    "investigate invite join keep learn let listen maintain make neuter obey oppose oust overturn "
    "postpone prevent prohibit promote prosecute protect prove provide publish punish put quash "
    "quit raise read rebuild reconsider recover recruit recycle redo reduce refer regulate "
    "reinstate reject relax relocate remember remove rename renovate reopen repeal replace resign "
    "resolve restore restrict retain rethink retweet reveal revise revoke segregate sell send "
    "shoot solve speak spend strengthen submit subscribe summon suspend teach tell terminate "
    "throw translate treat unblock uncover undo unfollow unfriend unite unmask unsubscribe uphold "
    "vaccinate wait wake wear widen withdraw write".split()
)
# These are as often nouns or adjectives. They are verbs before a word that only opens an object:
# 'Jail them all.', but 'Jail term'.
_AMBIGUOUS = frozenset(
    "arrest audit back ban bar blacklist blame block book boycott break bring call cap catch "
    "challenge change charge check clean clear close conduct control convict count cover cut "
    "demand dial display download drop dump email end exempt face fight file fill film fine fire "
    "fix flog force free freeze fund grant guard halt hand hang harvest help hire hit hold honour "
    "increase jail judge kick lay leave lift limit link list lock mail mark mend message move "
    "name note offer open order pardon pass pay permit phone pity place plan plant play post "
    "press pressure probe pull push question raid recall record refund release repair report "
    "rescue respect return review ring run sack salute sanction save scrap seal search seize set "
    "share shift shut sign slap spare spread stand start stop strip study sue support sweep take "
    "target tax test text touch trace track train transfer trap trust turn upgrade use visit wash "
    "watch whatsapp".split()
)
_OBJECT_OPENERS = frozenset(
    "the a an this these those all every each both any some such my your our his her their its "
    "them him it me us yourself yourselves more enough".split()
)
_NUMBER_VERBS = frozenset(
    "build call dial fire hire jail message phone plant ring text whatsapp".split()
)
_PAIRING_VERBS = frozenset("link pair match connect swap".split())
_BANS = frozenset(("ban", "boycott"))
_AFTER_NOUN = frozenset(  # the word before is a noun: 'Ban on plastic'
    "of on in by for from against to at is was are were has had and or order orders call calls "
    "'s".split()
)
_PARTICLES = frozenset("away by down off out up".split())
_AFTER_PARTICLE = _OBJECT_OPENERS | {"for", "to", "with"}  # 'Stand up for them.'
_SIGN = regex.compile(r"[^\p{L}\p{N}]+")
_VERB_ENDING = regex.compile(r"[a-z]{4,}(?:[iy]se|ize)|[a-z]{3,}ify")
_NOT_VERBS = frozenset(  # the nouns and adjectives with such an ending
    "clockwise concise cruise demise disguise enterprise exercise expertise franchise likewise "
    "malaise merchandise otherwise paradise porpoise praise precise premise promise prize "
    "sunrise surprise tortoise treatise turquoise unwise".split()
)
_LEAD_INS = frozenset(
    "also and but first immediately just kindly now please pls plz simply sir so then".split()
)


def is_command(words: Sequence[str]) -> bool:
    """Return whether a sentence is an imperative. `words` are its first words in small letters.

    >>> is_command("dial 1930 for cyber crime".split()), is_command("jail term".split())
    (True, False)
    """
    start = 0
    while start < len(words) and (words[start] in _LEAD_INS or _SIGN.fullmatch(words[start])):
        start += 1
    verb, following, *rest = (*words[start:], "", "")
    if verb in _VERBS or (_VERB_ENDING.fullmatch(verb) and verb not in _NOT_VERBS):
        return following not in _AFTER_NOUN
    if verb in _BANS:
        return following[:1].isalpha() and following not in _AFTER_NOUN
    if verb in _PAIRING_VERBS:
        return "with" in rest
    if following.isdigit():
        return verb in _NUMBER_VERBS
    opens_object = following in _OBJECT_OPENERS or (
        following in _PARTICLES and rest[0] in _AFTER_PARTICLE
    )
    return verb in _AMBIGUOUS and opens_object
