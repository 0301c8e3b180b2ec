"""Words in Dutch, German and English by which a claim is told from its source: data, no logic."""

from __future__ import annotations

from decimal import Decimal

Unit = tuple[str, Decimal]
"""What is measured, and how many of its smallest unit."""

# What each unit measures, and how many of the smallest it is: "two weeks" are 14 days.
_UNITS: dict[str, dict[str, str]] = {
    "time": {
        "1": "second seconds seconde seconden sekunde sekunden",
        "60": "minute minutes minuut minuten",
        "900": "kwartier kwartieren viertelstunde viertelstunden",
        "3600": "hour hours uur uren stunde stunden",
        "86400": "day days dag dagen tag tage tagen etmaal etmalen",
        "604800": "week weeks weken woche wochen",
        "1209600": "fortnight fortnights",
    },
    "months": {
        "1": "month months maand maanden monat monate monaten",
        "3": "quarter quarters kwartaal kwartalen quartal quartale quartalen",
        "12": "year years jaar jaren jahr jahre jahren",
        "120": "decade decades decennium decennia jahrzehnt jahrzehnte jahrzehnten",
        "1200": "century centuries eeuw eeuwen jahrhundert jahrhunderte jahrhunderten",
    },
    "length": {
        "0.001": "mm millimetre millimetres millimeter millimeters millimetern",
        "0.01": "cm centimetre centimetres centimeter centimeters zentimeter zentimetern",
        "1": "m metre metres meter meters metern",
        "1000": "km kilometre kilometres kilometer kilometers kilometern",
        "1609.344": "mile miles mijl mijlen meile meilen",
        "0.3048": "foot feet voet fuß",
        "0.0254": "inch inches duim zoll",
        "0.9144": "yard yards",
    },
    "weight": {
        "0.001": "mg milligram milligrams milligramm",
        "1": "g gram grams gramm",
        "1000": "kg kilo kilos kilogram kilograms kilogramm",
        "1000000": "ton tons tonne tonnes tonnen",
        "453.592": "lb lbs pound-weight",
    },
    "volume": {
        "0.001": "ml millilitre millilitres milliliter milliliters millilitern",
        "0.01": "cl centilitre centilitres centiliter zentiliter",
        "1": "l litre litres liter liters litern",
        "1000": "m³ m3 kuub kubikmeter kubikmetern",
        "3.785": "gallon gallons gallonen",
    },
    "area": {
        "1": "m² m2 quadratmeter quadratmetern",
        "10000": "ha hectare hectares hektar",
        "1000000": "km² km2 quadratkilometer quadratkilometern",
        "4046.856": "acre acres",
    },
    "heat": {"1": "°c celsius"},
    "warmth": {"1": "°f fahrenheit"},
    "angle": {"1": "° degree degrees graad graden grad"},
    "power": {
        "1": "w watt watts",
        "1000": "kw kilowatt kilowatts",
        "1000000": "mw megawatt megawatts",
        "1000000000": "gw gigawatt gigawatts",
    },
    "energy": {
        "1": "wh wattstunde wattstunden",
        "1000": "kwh kilowattuur kilowattstunde kilowattstunden kilowatt-hours",
        "1000000": "mwh megawattuur megawattstunde megawattstunden megawatt-hours",
        "1000000000": "gwh gigawattuur gigawattstunde gigawattstunden gigawatt-hours",
    },
    "voltage": {"1": "v volt volts", "1000": "kv kilovolt kilovolts"},
    "pressure": {"1": "bar bars", "0.001": "mbar millibar", "0.0689476": "psi"},
    "data": {
        "1": "kb kilobyte kilobytes",
        "1000": "mb megabyte megabytes",
        "1000000": "gb gigabyte gigabytes",
        "1000000000": "tb terabyte terabytes",
    },
    "sound": {"1": "db decibel decibels dezibel"},
    "speed": {"1": "km/h km/u kmh kph", "1.609344": "mph", "3.6": "m/s"},
    "points": {
        "1": "procentpunt procentpunten prozentpunkt prozentpunkte prozentpunkten "
        "percentage-point percentage-points"
    },
}  # fmt: skip
UNITS: dict[str, Unit] = {
    word: (measure, Decimal(factor))
    for measure, by_factor in _UNITS.items()
    for factor, words in by_factor.items()
    for word in words.split()
}
# How words end that say a number of units: "dreiwöchig", "vierdaagse", "een 40-jarige".
UNIT_ENDINGS: dict[str, str] = {
    "tägig": "tag", "wöchig": "woche", "monatig": "monat", "jährig": "jahr", "stündig": "stunde",
    "minütig": "minute", "daags": "dag", "weeks": "week", "maands": "maand", "jarig": "jaar",
    "uurs": "uur", "metrig": "meter",
}  # fmt: skip

# "monthly": how often, by the unit.
RATES: dict[str, Unit] = {
    word: UNITS[unit]
    for unit, words in {
        "hour": "hourly stündlich stündliche stündlichen",
        "day": "daily dagelijks dagelijkse täglich tägliche täglichen täglicher",
        "week": "weekly wekelijks wekelijkse wöchentlich wöchentliche wöchentlichen",
        "month": "monthly maandelijks maandelijkse monatlich monatliche monatlichen monatlicher",
        "year": "yearly annual annually jaarlijks jaarlijkse jährlich jährliche jährlichen",
    }.items()
    for word in words.split()
}

# Parts and multiples of a whole, as a share of it.
SHARES: dict[str, Decimal] = {
    word: share
    for share, words in {
        Decimal(1) / 2: "half halve helft halb halbe halben halber halbes hälfte",
        Decimal(1) / 3: "third thirds derde drittel",
        Decimal(1) / 4: "quarters kwart viertel",
        Decimal(3) / 4: "driekwart dreiviertel three-quarters",
        Decimal(1) / 5: "fifth fifths vijfde fünftel",
        Decimal(1) / 10: "tenth tenths tiende zehntel",
        Decimal(2): "twice double doubled doubles doubling tweemaal dubbele dubbel verdubbeld "
        "verdubbelde verdubbelt verdubbelen verdubbeling zweimal doppelt doppelte doppelten "
        "verdoppelt verdoppelte verdoppeln verdoppelung verdopplung",
        Decimal(3): "triple tripled tripling driemaal verdrievoudigd verdrievoudigde dreimal "
        "dreifache verdreifacht verdreifachte",
    }.items()
    for word in words.split()
}  # fmt: skip

ORDINALS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "first eerste erste ersten erster erstes erstmals firstly",
            "second tweede zweite zweiten zweiter zweites",
            "third derde dritte dritten dritter drittes",
            "fourth vierde vierte vierten vierter viertes",
            "fifth vijfde fünfte fünften fünfter fünftes",
            "sixth zesde sechste sechsten sechster sechstes",
            "seventh zevende siebte siebten siebter siebtes",
            "eighth achtste achte achten achter achtes",
            "ninth negende neunte neunten neunter neuntes",
            "tenth tiende zehnte zehnten zehnter zehntes",
        ),
        start=1,
    )
    for word in words.split()
}

# Words that turn a statement round besides ``words.NEGATIONS``.
DENIALS = frozenset(
    """
    without zonder ohne nowhere nergens nirgends neither geenszins keineswegs keinerlei kaum
    hardly barely nauwelijks isn't wasn't aren't weren't don't doesn't didn't hasn't haven't
    hadn't can't couldn't won't wouldn't shouldn't mustn't außer unless tenzij
    nobody noone lack lacks lacked lacking ontbreekt ontbreken ontbrak ontbraken fehlt fehlen fehlte
    fehlten
    """.split()
)

# Denials that with another one only restrict: "not allowed without the consent".
WITHOUT = frozenset("without zonder ohne unless tenzij".split())

# Verbs whose end of the clause turns them round: what the two are together.
SEPARABLE: dict[tuple[str, str], str] = {
    (verb, particle): whole
    for whole, parts in {
        "afgekeurd": "keurde keurden keurt keuren af",
        "goedgekeurd": "keurde keurden keurt keuren goed",
        "afgewezen": "wees wezen wijst wijzen af",
        "aangenomen": "nam namen neemt nemen aan",
        "toegenomen": "nam namen neemt nemen toe",
        "afgenomen": "nam namen neemt nemen af",
        "ingestemd": "stemde stemden stemt stemmen in",
        "uitgesloten": "sloot sloten sluit sluiten uit",
        "toegestaan": "stond stonden staat staan toe",
        "aangesteld": "stelde stelden stelt stellen aan",
        "abgelehnt": "lehnte lehnten lehnt lehnen ab",
        "zugestimmt": "stimmte stimmten stimmt stimmen zu",
        "angenommen": "nahm nahmen nimmt nehmen an",
        "zugenommen": "nahm nahmen nimmt nehmen zu",
        "abgenommen": "nahm nahmen nimmt nehmen ab",
        "ausgeschlossen": "schloss schlossen schließt schließen aus",
        "zurückgegangen": "ging gingen geht gehen zurück",
        "abgewiesen": "wies wiesen weist weisen ab",
        "zurückgewiesen": "wies wiesen weist weisen zurück",
        "eingestellt": "stellte stellten stellt stellen ein",
        "abgeschafft": "schaffte schafften schafft schaffen ab",
        "afgeschaft": "schafte schaften schaft schaffen af",
        "abgesagt": "sagte sagten sagt sagen ab",
        "ausgefallen": "fiel fielen fällt fallen aus",
    }.items()
    for *verbs, particle in [parts.split()]
    for verb in verbs
}

# Words that say that something is not so, and so may stand for a denial.
IMPLIED = frozenset(
    """
    reject rejected rejects rejection refuse refused refuses refusal decline declined deny
    denied denies dispute disputed ban banned bans forbid forbidden forbids prohibited
    prohibits prohibit bar barred fail failed fails failure missing
    misses missed miss absent absence prevent prevented prevents block blocked halt halted
    suspend suspended unchanged exclude excluded excludes except exempt exempted avoid avoided
    refrain abstain abstained waive waived forgo skip skipped cancel cancelled canceled
    abandon abandoned drop dropped scrapped withdraw withdrew withdrawn impossible unable
    instead free spared escaped survived empty zero nil remain remains
    remained stay stays stayed keep keeps kept still stopped ended closed shut dismissed
    dismiss ruled quit rather hardly barely rarely seldom few little until least latest
    earliest false wrong illegal invalid afgewezen afwijzing afgekeurd verwierp verworpen
    weigerde weigeren geweigerd ontkende ontkent ontkend betwist betwistte verboden verbood
    verbiedt verbieden mislukt mislukte gemist mist miste afwezig
    voorkomen voorkwam voorkomt verhinderde geblokkeerd geschorst ongewijzigd uitgesloten
    uitgezonderd behalve vrijgesteld vermijden vermeed afgezien afzien onthouden overgeslagen
    geannuleerd afgelast geschrapt ingetrokken onmogelijk zonder onverkocht onveranderd gelijk
    vrij gespaard leeg nul blijft blijven bleef bleven gebleven
    behouden nog gestopt beëindigd gesloten dicht pas vroegst vroegste uiterlijk hoogstens
    nauwelijks amper zelden weinig onjuist ongeldig abgelehnt ablehnt ablehnung abgewiesen
    zurückgewiesen verweigerte verweigert verweigern bestritt bestreitet bestritten verbot
    verbietet verboten untersagt scheiterte gescheitert verpasst
    verpasste verhindert verhinderte blockiert ausgesetzt unverändert ausgeschlossen
    ausgenommen außer befreit vermeiden vermied verzichtet verzichtete verzichten enthielten
    ausgelassen abgesagt gestrichen zurückgezogen zog unmöglich unbeteiligt statt frei
    verschont leer null bleibt bleiben blieb blieben geblieben
    behalten weiterhin gestoppt beendet geschlossen erst frühestens spätestens höchstens kaum
    selten wenig wenige falsch ungültig einstellte eingestellt gesperrt sperrung sperre
    abgeschafft abschaffung abschafft ausgefallen verlieren verlor verloren zoek kwijt
    afgeschaft opgeheven abolished abolish lost loses losing verliest gesperrte entzogen
    entzog ontnomen revoked
    kostenlos gratis kosteloos weigert weigeren
    """.split()
)

# What one side says the other denies, in whatever form and language.
OPPOSITES: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        (
            "more meer mehr",
            "less fewer minder weniger",
        ),
        (
            "most meeste meisten majority meerderheid mehrheit",
            "least minority minderheid minderheit",
        ),
        (
            "rise rose rises risen rising increase increased grow grew grown climb climbed "
            "higher stijgen stijgt steeg stegen gestegen stijging toenemen toegenomen toename "
            "groeien groeide gegroeid hoger verhoogd verhoogde steigen stieg gestiegen "
            "anstieg zunahme zugenommen wuchs gewachsen wachsen höher erhöht erhöhte erhöhen "
            "erhöhung verhogen verhoging",
            "fell fallen drop dropped decrease decreased decline declined shrink shrank sank "
            "lower dalen daalt daalde daalden gedaald daling afnemen afgenomen afname kromp "
            "gekrompen lager verlaagd verlaagde verlagen sinken gesunken rückgang abnahme "
            "abgenommen schrumpfen schrumpfte geschrumpft niedriger gesenkt senkte senken "
            "zurückgegangen zurückging zurückgehen terugliep teruggelopen gezakt zakte "
            "plummeted slumped",
        ),
        (
            "approve approved approves approval accept accepted adopted goedkeuren "
            "goedgekeurd goedkeuring aangenomen ingestemd aanvaard genehmigt genehmigte "
            "genehmigen genehmigung gebilligt billigte angenommen zugestimmt akzeptiert grant "
            "granted verleende verleend verlenen toegekend erteilt erteilte gewährt bewilligt "
            "bewilligte",
            "reject rejected rejects rejection refuse refused refusal afgewezen afwijzen "
            "afwijzing verwierp verworpen weigeren weigerde geweigerd afgekeurd ablehnen "
            "abgelehnt ablehnung abgewiesen zurückgewiesen verweigert verweigerte verworfen "
            "verwarf weigerte",
        ),
        (
            "confirm confirmed confirms bevestigen bevestigde bevestigd bestätigen bestätigte "
            "bestätigt",
            "deny denied denies ontkennen ontkende ontkend ontkent bestreiten bestritt "
            "bestritten leugnete dementierte weersprak tegengesproken",
        ),
        (
            "win won wins winning winner winnen gewonnen winnaar gewinnen gewann sieg siegte "
            "sieger",
            "lose lost loses losing loser defeat verliezen verloor verloren nederlaag "
            "verlieren verlor niederlage verlierer",
        ),
        (
            "open opened opens opening reopened openen geopend opende öffnen öffnete geöffnet "
            "eröffnet eröffnete eröffnung",
            "close closed closes closing closure shut sluiten gesloten sloot sluit sluiting "
            "schließen schloss geschlossen schließung",
        ),
        (
            "allow allowed permit permitted toestaan toegestaan erlauben erlaubt erlaubte "
            "gestattet",
            "ban banned forbid forbidden prohibit prohibited verbieden verbood verboden "
            "verbod verbieten verbot untersagt untersagte",
        ),
        (
            "before voordat vóór bevor",
            "after nadat nachdem",
        ),
        (
            "begin began begun start started starting beginnen begon begonnen gestart begann "
            "gestartet anfangen",
            "end ended ending stop stopped finish finished eindigen eindigde beëindigd "
            "gestopt stopte enden endete beendet beendete aufgehört",
        ),
        (
            "support supported supports backed dafür steunen steunde gesteund voorstander "
            "unterstützen unterstützte unterstützt befürwortet favour",
            "oppose opposed opposes against tegen dagegen tegenstander gegner ablehnen "
            "abgelehnt bekämpft",
        ),
        (
            "succeed succeeded success successful geslaagd slaagde succesvol gelungen gelang "
            "erfolgreich",
            "fail failed failure mislukt mislukte mislukking gescheitert scheiterte misslungen",
        ),
        (
            "guilty convicted schuldig veroordeeld verurteilt",
            "innocent acquitted onschuldig vrijgesproken unschuldig freigesprochen",
        ),
        (
            "hire hired appoint appointed benoemd aangesteld eingestellt ernannt berufen",
            "dismiss dismissed fired sacked ontslagen ontslaan entlassen abgesetzt",
        ),
        (
            "safe veilig sicher",
            "unsafe dangerous onveilig gevaarlijk unsicher gefährlich",
        ),
        (
            "possible mogelijk möglich",
            "impossible onmogelijk unmöglich",
        ),
        (
            "public openbaar öffentlich",
            "private privé privat",
        ),
        (
            "north northern noord noordelijk noorden nördlich norden",
            "south southern zuid zuidelijk zuiden südlich süden",
        ),
        (
            "east eastern oost oostelijk oosten östlich osten",
            "west western westelijk westen westlich",
        ),
        (
            "included inclusief inbegrepen einschließlich inklusive enthalten",
            "excluded exclusief ausgenommen exklusive",
        ),
        (
            "agree agreed akkoord einverstanden",
            "disagree disagreed oneens uneinig",
        ),
        (
            "improve improved better improvement verbeterd verbeterde beter verbessert "
            "verbesserte besser",
            "worsen worsened worse verslechterd slechter verschlechtert verschlechterte schlechter",
        ),
        (
            "healthy gezond gesund",
            "sick ill ziek krank",
        ),
        (
            "profit winst gewinn surplus overschot überschuss",
            "loss deficit verlies tekort verlust defizit",
        ),
        (
            "import imported invoer einfuhr importiert",
            "export exported uitvoer ausfuhr exportiert",
        ),
        (
            "voluntary vrijwillig freiwillig",
            "mandatory compulsory obligatory verplicht verpflichtend pflicht",
        ),
        (
            "temporary temporarily tijdelijk vorübergehend",
            "permanent permanently blijvend dauerhaft",
        ),
        (
            "earlier eerder früher",
            "later später",
        ),
        (
            "inside binnen drinnen innen",
            "outside buiten draußen außen",
        ),
        (
            "maximum maximaal maximal höchstens hoogstens",
            "minimum minimaal minimal minstens mindestens",
        ),
        (
            "optional optioneel",
            "required vereist erforderlich",
        ),
        (
            "extend extended verlengd verlängert verlängerte verlengde",
            "shorten shortened verkort verkürzt verkürzte verkortte",
        ),
        (
            "switched-on ingeschakeld eingeschaltet",
            "switched-off uitgeschakeld ausgeschaltet",
        ),
        (
            "connect connected aansluiten aangesloten anschließen angeschlossen",
            "disconnect disconnected loskoppelen losgekoppeld trennen getrennt",
        ),
        (
            "add added adds toevoegen toegevoegd hinzufügen hinzugefügt",
            "remove removed removes verwijderen verwijderd verwijderde entfernen entfernt "
            "entfernte",
        ),
        (
            "enable enabled activate activated inschakelen ingeschakeld aanzetten einschalten "
            "eingeschaltet aktivieren aktiviert",
            "disable disabled deactivate deactivated uitschakelen uitgeschakeld uitzetten "
            "ausschalten ausgeschaltet deaktivieren deaktiviert",
        ),
        (
            "lock locked vergrendeld vergrendelen verriegelt verriegeln sperren gesperrt",
            "unlock unlocked ontgrendeld ontgrendelen entriegelt entriegeln entsperrt",
        ),
        (
            "install installed installeren geïnstalleerd installieren installiert",
            "uninstall uninstalled verwijderen deinstallieren deinstalliert",
        ),
        (
            "extend expand expanded expansion uitbreiden uitgebreid uitbreiding erweitern "
            "erweitert ausbau ausgebaut",
            "shrink reduce reduced reduction inkrimpen ingekrompen verkleinen verkleind "
            "verkleinern verkleinert abbau abgebaut",
        ),
        (
            "strengthen strengthened versterken versterkt versterkte stärken gestärkt stärkte",
            "weaken weakened verzwakken verzwakt schwächen geschwächt",
        ),
        (
            "accelerate accelerated speed versnellen versneld beschleunigen beschleunigt",
            "slowed slowdown vertragen vertraagd verlangsamen verlangsamt gebremst",
        ),
        (
            "encourage encouraged aanmoedigen aangemoedigd ermutigen ermutigt",
            "discourage discouraged ontmoedigen ontmoedigd entmutigen entmutigt abraten",
        ),
        (
            "praise praised welcomed prijzen prees geprezen loven loofde verwelkomde loben "
            "lobte gelobt begrüßte",
            "criticise criticised criticize criticized bekritiseerde bekritiseren hekelde "
            "laakte kritisieren kritisierte kritisiert bemängelte",
        ),
        (
            "recommend recommended advised aanraden aanbevolen raadde adviseerde empfehlen "
            "empfahl empfohlen rät riet",
            "warned discouraged ontraden afgeraden abgeraten warnte",
        ),
        (
            "optimistic optimistisch hopeful hoopvol zuversichtlich",
            "pessimistic pessimistisch gloomy somber",
        ),
        (
            "satisfied pleased tevreden zufrieden content",
            "dissatisfied unhappy ontevreden unzufrieden disappointed teleurgesteld enttäuscht",
        ),
        (
            "likely probable waarschijnlijk wahrscheinlich",
            "unlikely improbable onwaarschijnlijk unwahrscheinlich",
        ),
        (
            "legal lawful rechtmatig wettig legaal rechtmäßig zulässig",
            "illegal unlawful onrechtmatig illegaal onwettig rechtswidrig unzulässig",
        ),
        (
            "complete completed volledig voltooid vollständig",
            "incomplete onvolledig unvollständig partial gedeeltelijk teilweise",
        ),
        (
            "early vroeg früh frühzeitig",
            "late laat spät verspätet",
        ),
        (
            "indoors binnenshuis drinnen",
            "outdoors buitenshuis draußen",
        ),
        (
            "upstream stroomopwaarts flussaufwärts",
            "downstream stroomafwaarts flussabwärts",
        ),
        (
            "guilty convicted schuldig veroordeeld verurteilt verurteilte veroordeelde",
            "innocent acquitted onschuldig vrijgesproken vrij unschuldig freigesprochen "
            "freispruch vrijspraak acquittal",
        ),
        (
            "survive survived survives overleven overleefde überleben überlebte überlebten",
            "died killed stierf stierven overleed overleden gestorven starb starben getötet "
            "omgekomen ums",
        ),
        (
            "injured hurt wounded gewond verletzt verletzte",
            "unhurt uninjured unharmed ongedeerd unverletzt",
        ),
        (
            "damaged beschadigd beschädigt",
            "intact undamaged onbeschadigd unbeschädigt",
        ),
        (
            "broken kapot defekt defect",
            "repaired working hersteld gerepareerd repariert instand",
        ),
        (
            "elected gekozen verkozen gewählt",
            "defeated abgewählt verslagen",
        ),
        (
            "promoted gepromoveerd aufgestiegen bevorderd befördert",
            "relegated demoted gedegradeerd abgestiegen degradiert",
        ),
        (
            "income inkomsten einnahmen revenue",
            "expenses uitgaven ausgaben spending",
        ),
        (
            "tighten tightened aanscherpen aangescherpt verschärfen verschärft verschärfte",
            "ease eased loosen relaxed versoepelen versoepeld lockern gelockert lockerte",
        ),
        (
            "true waar wahr zutreffend correct juist richtig",
            "false onwaar falsch onjuist wrong incorrect",
        ),
        (
            "cause caused causes veroorzaken veroorzaakt veroorzaakte verursachen verursacht "
            "verursachte",
            "prevent prevented prevents voorkomen voorkwam verhindern verhindert verhinderte",
        ),
        (
            "help helped helps helpen hielp geholpen helfen half geholfen",
            "hinder hindered hinderen gehinderd behindern behindert",
        ),
        (
            "protect protected beschermen beschermd beschermt schützen geschützt schützt",
            "endanger endangered threaten threatened bedreigen bedreigd gefährden gefährdet "
            "bedrohen bedroht",
        ),
        (
            "remember remembered herinnerde erinnerte",
            "forget forgot forgotten vergeten vergat vergessen vergaß",
        ),
        (
            "enough sufficient adequate voldoende genoeg genug ausreichend ausreichende",
            "insufficient inadequate onvoldoende unzureichend unzureichende",
        ),
        (
            "solved resolved opgelost gelöst aufgeklärt opgehelderd",
            "unsolved unresolved onopgelost ungelöst unaufgeklärt",
        ),
        (
            "continue continued continues resume resumed resumes doorgaan doorgaat "
            "voortzetten voortgezet hervatten hervat hervatte fortsetzen fortgesetzt "
            "weitergehen wiederaufgenommen",
            "stop stopped suspend suspended halt halted stoppen stopte gestopt staken "
            "gestaakt opgeschort einstellen eingestellt ausgesetzt unterbrochen",
        ),
        (
            "introduce introduced invoeren ingevoerd invoering einführen eingeführt einführung",
            "abolish abolished scrap scrapped afschaffen afgeschaft afschaffing abschaffen "
            "abgeschafft abschaffung",
        ),
        (
            "keep kept retain retained behouden handhaven gehandhaafd behalten beibehalten",
            "abolish abandoned scrap scrapped drop dropped afschaffen afgeschaft opgeven "
            "opgegeven aufgeben aufgegeben abschaffen abgeschafft",
        ),
        (
            "build built bouwen bouwde gebouwd bauen baute gebaut errichtet",
            "demolish demolished slopen sloopte gesloopt abreißen abgerissen abriss",
        ),
        (
            "create created founded oprichten opgericht gründen gegründet gründete",
            "dissolve dissolved opheffen opgeheven ontbonden auflösen aufgelöst",
        ),
        (
            "restore restored herstellen hersteld gerestaureerd restauriert wiederhergestellt",
            "destroy destroyed verwoesten verwoest vernield zerstören zerstört zerstörte",
        ),
        (
            "unite united merge merged fuseren gefuseerd samengevoegd fusionieren fusioniert "
            "zusammengelegt vereint",
            "split separate separated gesplitst splitsen gescheiden trennen getrennt "
            "aufgeteilt gespalten",
        ),
        (
            "impose imposed opleggen opgelegd verhängen verhängt verhängte",
            "lift lifted opheffen opgeheven aufheben aufgehoben",
        ),
        (
            "arrest arrested detain detained aangehouden gearresteerd opgepakt verhaften "
            "verhaftet festgenommen",
            "release released vrijlaten vrijgelaten freilassen freigelassen",
        ),
        (
            "exceed exceeded exceeds overschrijden overschreden überschreiten überschritten "
            "übertreffen übertroffen übertraf",
            "undershoot short tekort unterschreiten unterschritten verfehlt verfehlte",
        ),
        (
            "victory overwinning zege sieg",
            "defeat nederlaag verlies niederlage",
        ),
        (
            "success succes erfolg",
            "failure mislukking misserfolg fiasko",
        ),
        (
            "popular populair beliebt",
            "unpopular impopulair unbeliebt",
        ),
        (
            "susceptible vatbaar gevoelig anfällig",
            "resistant bestand resistent widerstandsfähig",
        ),
        (
            "effective effectief doeltreffend wirksam",
            "ineffective ineffectief ondoeltreffend unwirksam wirkungslos",
        ),
        (
            "postpone postponed delayed uitgesteld uitstellen verschoben verschieben vertagt "
            "vertraagd verspätet verzögert",
            "advance advanced vervroegd vorgezogen punctual stipt pünktlich",
        ),
        (
            "increase raise raised raises optrekken opgetrokken verhoogt anheben angehoben",
            "lowered lower reduce reduced verlagen verlaagt bezuinigen gekürzt kürzen senkt "
            "herabgesetzt",
        ),
        (
            "admit admitted acknowledge acknowledged toegeven toegegeven erkennen erkende "
            "erkend zugeben zugab einräumen räumte eingeräumt",
            "deny denied ontkennen ontkende ontkend bestreiten bestritt bestritten",
        ),
        (
            "attend attended bijwonen bijgewoond teilnehmen teilgenommen teilnahm",
            "miss missed skip skipped ontbrak ontbreken gemist fehlen fehlte gefehlt verpasst",
        ),
        (
            "underestimate underestimated onderschat onderschatte unterschätzt unterschätzte",
            "overestimate overestimated overschat überschätzt",
        ),
        (
            "trust trusted vertrouwen vertrouwt vertrauen vertraut",
            "distrust distrusted wantrouwen wantrouwt misstrauen misstraut",
        ),
        (
            "available beschikbaar verfügbar erhältlich verkrijgbaar",
            "unavailable onbeschikbaar uitverkocht ausverkauft",
        ),
    )
)

# What is put before a number, and so bounds it from below or above.
AT_LEAST = (
    "more than|over|above|at least|upwards of|meer dan|ruim|boven|minstens|minimaal|mehr als|über"
    "|gut|mindestens"
)
AT_MOST = (
    "less than|fewer than|under|below|nearly|almost|at most|up to|minder dan|bijna|onder|hooguit"
    "|hoogstens|maximaal|weniger als|unter|fast|knapp|höchstens|bis zu|tot"
)

# Seasons and parts of the day: each line a family, in which one is not another.
FAMILIES: tuple[dict[str, int], ...] = tuple(
    {word: n for n, words in enumerate(family) for word in words.split()}
    for family in (
        (
            "spring lente voorjaar frühling frühjahr",
            "summer zomer sommer",
            "autumn herfst najaar herbst",
            "winter",
        ),
        (
            "morning ochtend voormiddag vormittag",
            "afternoon middag namiddag nachmittag",
            "evening avond abend",
            "night nacht",
        ),
    )
)

# How places are called in German, where other nouns have capitals, too.
PLACE_ENDINGS = tuple(
    """
    straße gasse burg dorf berg heim stadt hausen kirchen brunn bach feld ingen weiler furt brück
    münde walde
    """.split()
)

# Names that are written in several ways, and no vector tells.
ALIASES: dict[str, int] = {
    word: n
    for n, words in enumerate(
        (
            "us usa vs vsa states staten staaten america amerika amerikaanse american"
            " amerikanische",
            "uk vk britse britische british britain brittannië großbritannien kingdom koninkrijk"
            " königreich",
            "eu union unie europäische europese european",
            "un vn uno onu nations naties nationen",
            "nato navo",
            "ceo chief executive bestuursvoorzitter topman topvrouw vorstandschef vorstandschefin",
            "co2 kohlendioxid koolstofdioxide koolzuurgas carbon dioxide",
        )
    )
    for word in words.split()
}
