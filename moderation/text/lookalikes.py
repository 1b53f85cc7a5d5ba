"""Tables of signs that replace letters: look-alikes of other alphabets, digits, signs and emoji.

Most look-alikes come from Unicode's confusables.txt (UTS #39, "Unicode Security Mechanisms"). The
others are the letters of the "fancy text" alphabets that websites offer, and a few signs that look
less similar but that people use ('я' for r).
"""

from __future__ import annotations

# The Latin script: small capitals, phonetic letters, letters in black squares and circles.
LATIN = {
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
    **dict(zip("ɑƄɡıɩǀɯʋʌɐɔǝəɛɥʞɹʇʎƨƽ", "abgiiluuvaceeehkrtyss", strict=True)),
    **{chr(first + at): chr(97 + at) for first in (0x1F150, 0x1F170) for at in range(26)},
}

_OTHER = """
a αаᎪΑАᗩᗅꓮᏗⲁ𐊠  b ЬᏏвβΒВᏴᗷᑲᖯꓐᏰ𐊡  c сϲСϹᏟᑕꓚፈⲤⲥꮯ𐊢  d ԁᏧᎠժᗞᗪᑯᗫꓒꓓᎴδⲇ  e еҽєεзΕЕᎬꓰᏋⲉ
f ϝքϜᖴꓝғҒᎦ  g ԍցԌᏀᏳꓖᎶǤǥ  h һհᏂнΗНᎻᕼꓧⲎ  i ιіїӏᎥΙІӀꓲᏐᓰᎨⲓꙇ  j јϳЈᎫᒍꓙنꮷ  k кκΚКᏦҜқҚꓗᛕⲔⲕ
l ᏞլᒪꓡᏝ  m мΜМϺᎷᗰꓟⲘⲙ  n ոռпηΝИиᑎꓠᏁⲚⲛภ  o οоօσΟОՕꓳᎧⲞⲟ๏ⵔ  p ρрΡРᏢᑭꓑᎮⲢⲣ  q ԛզᑫᕴԚ
r гяᎡᏒЯᖇꓣⲄⲅꮁꭱ  s ѕЅՏᏕᏚᔕᓭꓢꮪ  t тτΤТᎢꓔⲦⲧꮖᎿ₮Ꮏ  u υսцμՍᑌꓴᏬ  v νѵѴᏙᐯꓦᏉꮩ  w ѡԝաωшщԜᎳᏔᗯꓪꮃ
x хχΧХж᙭ꓫⲬᕁӾӿ  y уүγΥУҮᎩᎽꓬⲨყӰӼ  z ΖᏃꓜፚꮓ
"""
_PAIRS = _OTHER.split()

# Other alphabets. They count as look-alikes in a word that also has Latin letters.
FOREIGN = {
    sign: letter for letter, signs in zip(_PAIRS[::2], _PAIRS[1::2], strict=True) for sign in signs
}

# Signs, and letters of living languages. They count as look-alikes only in a word that people
# disguise: 'fu¢k' and 'ßitch', but not '5¢each', 'Straße' or 'Łódź'.
_RARE = """
a ₳Λ∀Δค卂  b ฿ß๒乃ɓꞵც  c Ɔ¢₵©ς꒝匚ƈ  d ∂ÐĐđðɗ๔ɖᕲ  e ℮ɆɇƎ€乇ꬲ  f ɟꟻ₣ꞙ∱千ʄꬵƒ  g ƃ₲פɠᶃ
h ħĦⱧ卄ɦɧђ  i ᴉłŁɪ¡丨ɨᓮเ  j נᒐʝ  k ₭ₖƙ  l £Ⱡ⅃ㄥɭƖɫ  m ₥๓爪ɱ  n ₦ռה几ŋ  o øØ∅θΘ◯○●ㄖꬽᓍᎾ
p ₱þ卩  q ۹  r ®Ɽг尺ꭇཞ  s §₴ร丂ʂ  t †ŧ⊤┬ȾȶㄒɬᖶŦᏆᏖ  u ∪Ʉʉน⋃ㄩʊꞟꭎ  v ∨√⋁  w ₩ฬ山  x ×אჯ乂
y ¥Ɏɏץㄚᶌꭚყ  z Ƶƶ乙
"""
_RARE_PAIRS = _RARE.split()
RARE = {
    sign: letter
    for letter, signs in zip(_RARE_PAIRS[::2], _RARE_PAIRS[1::2], strict=True)
    for sign in signs
    if sign not in FOREIGN and sign not in LATIN
}

# Letters upside down, with the letters of which they are an image.
FLIPPED = dict(
    zip("ɐɔǝəɟƃɓɥᴉıɾʞןɯɹʇʌʍʎbdpqnuloszxi", "aceefgghiijklmrtvwyqpdbunloszxi", strict=True)
)
UPSIDE_DOWN = "ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ"  # these occur only in words that are upside down, or phonetic

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
