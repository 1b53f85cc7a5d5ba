"""Signs that replace letters: look-alikes of other alphabets, digits and signs, emoji for words.

The look-alikes come from Unicode's confusables.txt (UTS #39, "Unicode Security Mechanisms"), as
far as they are single letters of Latin, Cyrillic, Greek, Armenian or Cherokee. A few more are less
similar, but people use them ('я' for r).
"""

from __future__ import annotations

# The Latin script: small capitals, phonetic letters, letters in black squares and circles.
LATIN = {
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
    **dict(zip("ɑƄɡıɩǀɯʋʌɐɔǝəɛɥʞɹʇʎƨƽ", "abgiiluuvacceehkrtyss", strict=True)),
    **{chr(first + at): chr(97 + at) for first in (0x1F150, 0x1F170) for at in range(26)},
}

_OTHER = """
a αаᎪΑА  b ЬᏏвβΒВᏴ  c сϲСϹᏟ  d ԁᏧᎠժ  e еҽєεзΕЕᎬ  f ϝքϜ  g ԍցԌᏀ  h һհᏂнΗНᎻ  i ιіїӏᎥΙІӀ  j јϳЈᎫ
k кκΚКᏦ  l Ꮮլ  m мΜМϺᎷ  n ոռпηΝИи  o οоօσΟОՕ  p ρрΡРᏢ  q ԛզ  r гяᎡᏒЯ  s ѕЅՏᏕᏚ  t тτΤТᎢ
u υսцμՍ  v νѵѴᏙ  w ѡԝաωшщԜᎳ  x хχΧХж  y уүγΥУҮᎩ  z ΖᏃ
"""
_PAIRS = _OTHER.split()

# Other alphabets. They count as look-alikes only in a word that also has Latin letters.
FOREIGN = {
    sign: letter for letter, signs in zip(_PAIRS[::2], _PAIRS[1::2], strict=True) for sign in signs
}

# Digits and signs between letters. A skeleton has 'i' for 'l': both look like 1, ! and |.
LEET = dict(zip("013457@$", "oieastas", strict=True))
SKELETON = {**LEET, **dict(zip("!|+69€l", "iitggei", strict=True))}

# Emoji that mean a word when they are aimed at a person.
EMOJI = {
    "🖕": "fuck you", "💩": "shit", "🐍": "snake", "🐷": "pig", "🐖": "pig", "🐽": "pig",
    "🤡": "clown", "🐒": "monkey", "🐵": "monkey", "🙉": "monkey", "🦍": "ape", "🦧": "ape",
    "🐀": "rat", "🐁": "rat", "🐕": "dog", "🐶": "dog", "🐑": "sheep", "🫏": "donkey",
    "🪳": "cockroach", "🐛": "worm", "🗑": "trash", "🤮": "vomit", "🔪": "knife", "🔫": "gun",
    "💣": "bomb",
}  # fmt: skip
