"""Texts that are easily cut into other words than a tokenizer cuts them into."""

ODD_TEXTS = [
    "",
    " \t\n\x1c\x85\xa0\u2028",
    "_snake_case__and--more_",
    "It's 23:59, covid19 is 1,234.5 km² away; see a/b@c.org?",
    "STRAẞE Straße ﬁne œuvre Æsop ½ № ℌ ™ µ ª",
    "１２３ ａｂｃ ①② Ⅷ ٣٤ ²³",
    "日本語のテキスト。東京、2020年 한국어 가 กขค हिन्दी",
    "👩‍👩‍👧‍👦 and 🏳️‍🌈 flags 🇳🇱🇩🇪 👍🏽ok",
    "اللغة العربية، ﷺ ﷽ مرحبا 123",
    "“Don’t”, said Jürgen – 2010–2017… „Grüße“ €5",
    "a\u200db soft\xadhyphen zero\u200bwidth \ufeffbom \x00nul",
]
