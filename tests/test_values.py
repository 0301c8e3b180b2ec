"""Numbers, amounts, dates and times, and one key for the same value whatever the words."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.values import comparable, same, values

# A text; the values in it.
TABLE = """
eenentwintig bruggen; number 21
vierhonderdvijftig euro; money EUR 450
einundzwanzig Brücken; number 21
zweihundertfünfzigtausend Einwohner; number 250000
three hundred and fifty people; number 350
twenty-one bridges; number 21
twenty one bridges; number 21
anderhalf miljoen mensen; number 1500000
half a million people; number 500000
een half miljoen mensen; number 500000
eine halbe Million Menschen; number 500000
eineinhalb Millionen Menschen; number 1500000
anderthalb Millionen; number 1500000
zweieinhalb Stunden; number 2.5
twee en een half uur; number 2.5
two and a half hours; number 2.5
two and a half million; number 2500000
tweeënhalf jaar; number 2.5
honderd mensen; number 100
duizend mensen; number 1000
a hundred people; number 100
one thousand two hundred; number 1200
two thousand and five people; number 2005
vijftienhonderd mensen; number 1500
tweeduizend driehonderd mensen; number 2300
vier miljoen tweehonderdduizend mensen; number 4200000
three million two hundred thousand; number 3200000
hundertfünfzig Millionen; number 150000000
zwei Dutzend Eier; number 24
a dozen eggs; number 12
half a dozen eggs; number 6
eine Milliarde Menschen; number 1000000000
eine Billion Euro; money EUR 1000000000000
een biljoen euro; money EUR 1000000000000
one trillion dollars; money USD 1000000000000
honderdeneen mensen; number 101
hundertundeins; number 101
dreißigtausend; number 30000
dreissig Franken; money CHF 30
zevenennegentig; number 97
six hundred thousand; number 600000
twee- of drie keer; number 2 | number 3
nul fouten; number 0
1.234.567 Einwohner; number 1234567
1,234,567 people; number 1234567
1'234'567 Einwohner; number 1234567
1’234 Einwohner; number 1234
1 234 567 inwoners; number 1234567
12 300 inwoners; number 12300
1.234,56 Euro; money EUR 1234.56
1,234.56 dollars; money USD 1234.56
0.500 kg; number 0.5
0,125 Liter; number 0.125
3,5 Stunden; number 3.5
1,5 Mio. Menschen; number 1500000
1,5 Mio. Euro; money EUR 1500000
4 mln euro; money EUR 4000000
3 bn people; number 3000000000
£12.4m in all; money GBP 12400000
$3bn; money USD 3000000000
$3.2 billion; money USD 3200000000
€ 4 miljoen; money EUR 4000000
4 Mrd. Euro; money EUR 4000000000
10k users; number 10000
600 Tsd. Nutzer; number 600000
between 10 and 15 people; number 10 | number 15
10-15 people; number 10 | number 15
10–15 %; percent 10 | percent 15
tussen 10 en 15 procent; percent 10 | percent 15
zwischen 10 und 15 Prozent; percent 10 | percent 15
2-3 million people; number 2000000 | number 3000000
2 bis 3 Millionen Euro; money EUR 2000000 | money EUR 3000000
€10-15; money EUR 10 | money EUR 15
-5 graden; number -5
−5 °C; number -5
2½ uur; number 2.5
13 %; percent 13
13%; percent 13
13 procent; percent 13
dertien procent; percent 13
dreizehn Prozent; percent 13
thirteen per cent; percent 13
13 percent; percent 13
12,5 Prozent; percent 12.5
a 13-percent rise; percent 13
3 percentage points; number 3
3 procentpunt; number 3
drei Prozentpunkte; number 3
3 %-Punkte; number 3
€ 4.000; money EUR 4000
4.000 €; money EUR 4000
CHF 1'200; money CHF 1200
1200 Franken; money CHF 1200
EUR500; money EUR 500
US$ 25; money USD 25
25 US-Dollar; money USD 25
25 Canadian dollars; money CAD 25
25 Amerikaanse dollar; money USD 25
vijf pond; money GBP 5
fünf Pfund; money GBP 5
five pounds; money GBP 5
€ 5,-; money EUR 5
5,- euro; money EUR 5
50 eurocent; money EUR 0.5
50 cents; number 0.5
5 euro en 50 cent; money EUR 5.5
84,50 euro; money EUR 84.5
een miljoen euro; money EUR 1000000
2000 euro; money EUR 2000
2021-01-10; date 2021-01-10
10.01.2021; date 2021-01-10
10. 1. 2021; date 2021-01-10
10-1-2021; date 2021-01-10
10/01/2021; date 2021-01-10
01/13/2021; date 2021-01-13
01/13/2021 and 01/10/2021; date 2021-01-13 | date 2021-01-10
10.01.21; date 2021-01-10
2021/01/10; date 2021-01-10
January 10, 2021; date 2021-01-10
Jan. 10, 2021; date 2021-01-10
10. Januar 2021; date 2021-01-10
10 jan. 2021; date 2021-01-10
10 Jan 2021; date 2021-01-10
10 januari 2021; date 2021-01-10
the 10th of January; date 01-10
the tenth of January 2021; date 2021-01-10
tiende januari; date 01-10
am zehnten Januar; date 01-10
den ersten Mai; date 05-01
January 10th; date 01-10
December 31st, 1999; date 1999-12-31
10-12 januari 2021; date 2021-01-10 | date 2021-01-12
10. bis 12. Januar; date 01-10 | date 01-12
10 en 11 januari; date 01-10 | date 01-11
January 10–12; date 01-10 | date 01-12
zondag 10 januari 2021; weekday 7 | date 2021-01-10
zo. 10 jan. 2021; weekday 7 | date 2021-01-10
Sun, 10 Jan 2021; weekday 7 | date 2021-01-10
So., 10. Januar; weekday 7 | date 01-10
3 maart; date 03-03
3. März; date 03-03
januari 2021; date 2021-01
Januar 2021; date 2021-01
January 2021; date 2021-01
Sept. 2021; date 2021-09
in 2021; year 2021
1940-1945; year 1940 | year 1945
1940–45; year 1940
2020/21; year 2020
jaren negentig; year 199x
de jaren '90; year 199x
jaren 1990; year 199x
the 1990s; year 199x
mid-1990s; year 199x
the '90s; year 199x
the 90s; year 199x
the nineties; year 199x
90er Jahre; year 199x
1990er-Jahre; year 199x
neunziger Jahre; year 199x
Neunzigerjahren; year 199x
20e eeuw; year 19xx
twintigste eeuw; year 19xx
20. Jahrhundert; year 19xx
im zwanzigsten Jahrhundert; year 19xx
the 21st century; year 20xx
twenty-first century; year 20xx
nineteen eighty-four; year 1984
Sonntagabend; weekday 7
maandagochtend; weekday 1
Mittwoch; weekday 3
mittwochs; weekday 3
on Sundays; weekday 7
zaterdagen; weekday 6
die Montage der Anlage;
sonntäglich gekleidet;
die Freitagsgebete;
The sun rose;
so wie du;
um 23.59 Uhr; time 23:59
23:59; time 23:59
om 9.05 uur; time 09:05
halb neun; time 08:30
half negen; time 08:30
om half 9; time 08:30
half past nine; time 09:30
at half nine; time 09:30
half past one; time 01:30
om half een; time 00:30
half a loaf;
half an hour;
quarter past three; time 03:15
a quarter to three; time 02:45
kwart over drie; time 03:15
kwart voor drie; time 02:45
Viertel nach drei; time 03:15
Viertel vor drei; time 02:45
om tien over half negen; time 08:40
um zehn vor neun; time 08:50
at ten past nine; time 09:10
9 p.m.; time 21:00
9pm; time 21:00
nine p.m.; time 21:00
9:30 am; time 09:30
12 Uhr; time 12:00
neun Uhr; time 09:00
12 Uhr 30; time 12:30
9-17 Uhr; time 09:00 | time 17:00
om drie uur; time 03:00
om 9 uur 's avonds; time 21:00
9 Uhr abends; time 21:00
ein Uhr; time 01:00
eine Uhr;
three o'clock; time 03:00
noon; time 12:00
midnight; time 24:00
drie uur lang; number 3
een man en een vrouw;
ein Mann, eine Frau;
one of a kind;
der zweite Versuch;
the second attempt;
de derde keer;
the first May Day;
10th place;
version 1.2.3;
call +31 20 123 4567;
bel 020-1234567;
ISBN 978-3-16-148410-0;
host 10.0.0.1;
§ 12 BGB;
nach § 823;
COVID-19 and A4;
a 4G network;
24/7 open;
https://x.org/2021/01/10 was read;
5,000 people.[3]; number 5000
5,000 people [3, 4] died; number 5000
ten opzichte van de stad;
ten people; number 10
half of it;
the first half two goals fell; number 2
de helft van het geld;
miljoenen mensen;
hundreds of people;
Tausende Menschen;
Boeing 737; number 737
20-jarige man; number 20
a 20-year-old man; number 20
20km; number 20
agent 007;
31.02.2021;
45 januari; number 45
2020 - 21; year 2020 | number 21
um 9 Uhr 75; number 9 | number 75
ten forty; number 10 | number 40
halb dreißig; number 30
om kwart over 30; number 30
you may 2 times; number 2
im Januar 6 Menschen; number 6
Bus 9 am Bahnhof der Stadt; number 9
score 3:1;
"""


def row(line: str) -> tuple[str, list[tuple[str, str]]]:
    text, _, expected = line.rpartition(";")
    pairs = [value.strip().split(" ", 1) for value in expected.split("|") if value.strip()]
    return text, [(kind, key) for kind, key in pairs]


def keys(text: str) -> list[tuple[str, str]]:
    return [(value.kind, value.key) for value in values(text)]


@pytest.mark.parametrize(("text", "expected"), [row(line) for line in TABLE.strip().splitlines()])
def test_the_values_of_a_phrase(text: str, expected: list[tuple[str, str]]) -> None:
    assert keys(text) == expected
    assert keys(f"Dit ({text}).") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Parler went offline.", []),
        ("10 miljoen actieve gebruikers", [("number", "10000000")]),
        ("vier miljoen actieve leden", [("number", "4000000")]),
        ("600.000 nieuwe gebruikers", [("number", "600000")]),
        ("three million two", [("number", "3000000"), ("number", "2")]),
        ("höchstens 24 Stunden", [("number", "24")]),
        ("vijf mensen", [("number", "5")]),
        ("driehonderd werknemers", [("number", "300")]),
        ("in 2018 opgericht", [("year", "2018")]),
        ("am 6. Januar", [("date", "01-06")]),
        ("6. Januar 2021", [("date", "2021-01-06")]),
        ("op 19 januari", [("date", "01-19")]),
        ("on January 6", [("date", "01-06")]),
        ("on May 2, 1987", [("date", "1987-05-02")]),
        ("you may 2 times", [("number", "2")]),  # the month has a capital
        ("maandagochtend", [("weekday", "1")]),
        ("seit Sonntagabend", [("weekday", "7")]),
        ("on Mondays", [("weekday", "1")]),
        ("um 23.59 Uhr", [("time", "23:59")]),
        ("at 23:59 PST", [("time", "23:59")]),
        ("(9.05 uur)", [("time", "09:05")]),
        ("costs 9.05 euro", [("money", "EUR 9.05")]),
        ("um Mitternacht", [("time", "24:00")]),
        ("Black Lives Matter", []),
    ],
)
def test_the_values_of_a_text(text: str, expected: list[tuple[str, str]]) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    "same",
    [
        ["4 million", "4 miljoen", "vier Millionen", "four million", "4.000.000", "4,000,000"],
        ["600.000", "600,000", "600 000".replace(" ", "\u00a0"), "600\u202f000", "600 thousand"],
        ["3.5 million", "3,5 Millionen", "3,5 miljoen", "3.500.000"],
        ["1,234,567.50", "1.234.567,50", "1234567.5"],
        ["twelve", "zwölf", "twaalf", "12"],
        ["2 miljard", "2 Milliarden", "2 billion", "2 Mrd"],
        ["10 januari", "10. Januar", "January 10", "10 January"],
        ["zondag", "Sonntag", "Sunday", "Sonntagabend", "zondagavond"],
        ["23.59 Uhr", "23:59", "23.59 uur"],
        ["23:59", "11:59 pm", "11:59 p.m.", "11.59 PM"],
        ["9:05", "9.05 Uhr", "9:05 am", "9.05 a.m."],
        ["middernacht", "Mitternacht", "midnight"],
    ],
    ids=lambda same: same[0],
)
def test_the_same_value_has_the_same_key_in_any_writing(same: list[str]) -> None:
    assert {text: keys(text) for text in same} == dict.fromkeys(same, keys(same[0]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 people", "21 people"),
        ("4 million", "4 billion"),
        ("10 January", "10 June"),
        ("Monday", "Sunday"),
        ("11:59 am", "11:59 pm"),
        ("3,500", "3.5"),
    ],
)
def test_different_values_have_different_keys(one: str, other: str) -> None:
    assert keys(one) != keys(other)


@pytest.mark.parametrize(
    "text", ["5²", "10³ times", "²", "①", "m² 10⁴ m²", "am ² Januar", "Januar ²", "½", "٣"]
)
def test_raised_and_circled_digits_are_no_fault(text: str) -> None:
    # str.isdigit() holds for "²", but float("²") is a ValueError.
    assert all(value.text in text for value in values(text))


@pytest.mark.parametrize("n_digits", [299, 300, 301, 5_000])
def test_a_number_of_any_length_is_no_fault(n_digits: int) -> None:
    for text in ("9" * n_digits, f"{'9' * n_digits} miljard", ",999" * n_digits, "1." * n_digits):
        assert all(value.text in text for value in values(text))


def test_a_footnote_of_the_source_is_no_value() -> None:
    assert keys("Oldtown has 5,000 inhabitants.[3]") == [("number", "5000")]
    assert keys("Oldtown has 5,000 inhabitants [12] in all.") == [("number", "5000")]


PIECES = st.sampled_from(
    """
    1 0 12 2021 999 31 . , - – : / ' % € $ § [ ] een ein one a half halb miljoen hundred honderd
    duizend K januari May jan. of the uur Uhr p.m. o'clock 's_avonds quarter voor past and tot
    between th 90s er Jahre euro cent sonntag So. twenty derde eeuw ½ ² é https:// +31
    ISBN US-Dollar
    """.split()
).map(lambda piece: piece.replace("_", " "))
GLUED = st.lists(st.tuples(PIECES, st.sampled_from(["", " ", "\u202f"])), max_size=30)


@given(st.text(max_size=200) | GLUED.map(lambda parts: "".join(a + b for a, b in parts)))
@example("1.000.0000")
@example("24:60 24.00 Uhr")
@example("Mei 31 32 mei")
def test_values_stand_where_they_say_one_after_the_other(text: str) -> None:
    at = 0
    for value in values(text):
        assert value.start >= at
        assert value.text == text[value.start : value.end] != ""
        assert value.key
        assert same(value, value)
        at = value.end


UNITS = [
    *(
        "1 ",
        "1",
        "1.",
        "1.000",
        "10-",
        "0 ",
        "10/01/2021 ",
        "[1 ",
        "a-",
        "aa",
        "een ",
        "1,-",
        "01 23 ",
    ),
    *(
        "+1 ",
        "een miljoen ",
        "9 p.m. ",
        "$",
        "  ",
        "x1-",
        "1:",
        "and ",
        "tussen 1 en ",
        "X twenty-",
    ),
]


@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear_in_the_length(unit: str) -> None:
    started = time.perf_counter()
    values((unit * 100_000)[:100_000])
    # A second where it is slowest; quadratic would be minutes.
    assert time.perf_counter() - started < 10


@given(st.integers(1, 10**12))
def test_a_grouped_number_is_the_number(n: int) -> None:
    plain = keys(f"{n} things")
    if plain[0][0] == "number":  # four digits alone may be a year
        assert keys(f"{n:,} things") == plain
        assert keys(f"{n:,} things".replace(",", ".")) == plain
    assert plain[0][1] == str(n)


def test_a_number_before_am_pm_or_uhr_is_a_time() -> None:
    found = [(v.kind, v.key) for v in values("At 2 p.m., um 9 Uhr, 11 am; two hours, 3 uur.")]
    assert found == [
        ("time", "14:00"),
        ("time", "09:00"),
        ("time", "11:00"),
        ("number", "2"),
        ("number", "3"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("10 januari", "10 January 2021", True),
        ("10 januari", "11 January 2021", False),
        ("January 2021", "10 januari 2021", True),
        ("2020", "10 januari 2021", False),
        ("2021", "10.01.2021", True),
        ("20e eeuw", "the 1990s", True),
        ("19th century", "1994", False),
        ("1500 people", "1.500 Menschen", True),
        ("£5", "5", True),
        ("£5", "€5", False),
        ("13 %", "13", False),
        ("13 %", "dertien procent", True),
        ("midnight", "0:00 Uhr", True),
        ("half negen", "20:30 Uhr", True),
        ("half negen 's avonds", "8:30 am", False),
        ("8:30", "20:30", False),
        ("Monday", "maandagavond", True),
        ("Monday", "1", False),
    ],
)
def test_two_values_are_the_same_or_not(one: str, other: str, expected: bool) -> None:
    [a], [b] = values(one), values(other)
    assert same(a, b) is same(b, a) is expected


def test_values_of_two_sorts_cannot_differ() -> None:
    day, year, share, number = values("10 January; 2021; 13 %; 13")
    assert not comparable(day, year)
    assert not comparable(share, number)
    assert comparable(year, number)
