"""The names, towns and numbers that the sample contacts are made of; for `sample` alone.

Nobody here exists. Every number lies in a range that its country keeps free for fiction and tests, or cannot
be assigned at all: the sample base may meet a real Twilio account, which must not write to a stranger. Spain,
Poland, Japan and Nigeria keep no such range, so their contacts have a number from abroad.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """What a contact of one country is made of.

    A number's spellings are the ways people write it, the international one first; `{n}` is the part that
    differs, from 0 to `numbers` - 1.
    """

    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    cities: tuple[str, ...]
    spellings: tuple[str, ...]
    numbers: int
    family_first: bool = False


# https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
BRITISH = ("+44 7700 900{n:03d}", "07700 900{n:03d}", "+447700900{n:03d}", "0044 7700-900{n:03d}")
# 555-0100 to 555-0199 are kept for fiction in every area.
AMERICAN = ("+1 415 555 01{n:02d}", "(415) 555-01{n:02d}", "415.555.01{n:02d}", "+1-415-555-01{n:02d}")
NEW_YORK = ("+1 212 555 01{n:02d}", "(212) 555-01{n:02d}", "1-212-555-01{n:02d}")
# https://www.bundesnetzagentur.de, numbers for films and television
GERMAN = ("+49 30 23125 {n:03d}", "030 / 23125-{n:03d}", "+49 (0)30 23125{n:03d}", "0049 30 23125{n:03d}")
FRANKFURT = ("+49 69 90009 {n:03d}", "069-90009{n:03d}", "+496990009{n:03d}")
# https://www.arcep.fr, numbers for audiovisual works
FRENCH = ("+33 6 39 98 {n:02d} 00", "06 39 98 {n:02d} 00", "06.39.98.{n:02d}.00", "+33 63998{n:02d}00")
MARSEILLE = ("+33 4 65 71 {n:02d} 10", "04 65 71 {n:02d} 10", "0033 4 65 71 {n:02d} 10")
# A mobile number does not begin with 90 in Brazil: those digits call collect.
BRAZILIAN = ("+55 11 90000-{n:04d}", "(11) 90000-{n:04d}", "+5511 90000{n:04d}")
# https://www.pts.se, numbers for fiction
SWEDISH = ("+46 70 174 06 {n:02d}", "070-174 06 {n:02d}", "+467017406{n:02d}")

COUNTRIES: dict[str, Country] = {
    "GB": Country(
        ("Siobhán", "Oliver", "Priya", "Gareth", "Isla", "Callum", "Zoë", "Rhys", "Maeve"),
        ("O'Brien", "Smith", "Patel", "Llewellyn", "D'Arcy", "Fraser", "Hughes-Jones", "Okonkwo"),
        ("London", "Leeds", "Cardiff", "Glasgow", "Belfast"),
        BRITISH,
        1000,
    ),
    "US": Country(
        ("Maria", "DeShawn", "Emily", "Luis", "Renée", "Tyler", "Mei-Ling", "Noah"),
        ("García", "Washington", "O'Connor", "Nguyen", "Van Buren", "Miller", "McKenzie"),
        ("San Francisco", "Oakland", "Berkeley"),
        AMERICAN,
        100,
    ),
    "US east": Country(
        ("Hannah", "Jamal", "Sofia", "Ethan", "Chloé", "Malik"),
        ("Rosenberg", "St. James", "Rivera", "Kowalski", "De la Cruz", "Miller"),
        ("New York", "Brooklyn", "Queens"),
        NEW_YORK,
        100,
    ),
    "DE": Country(
        ("Jürgen", "Anneliese", "Björn", "Käthe", "Sören", "Heike", "Günther", "Aylin"),
        ("Müller", "Weiß", "Schäfer", "von der Heide", "Öztürk", "Groß", "Krüger"),
        ("Berlin", "Potsdam", "Cottbus"),
        GERMAN,
        1000,
    ),
    "DE west": Country(
        ("Lukas", "Jörg", "Franziska", "Emre", "Nele"),
        ("Jäger", "Böhm", "Müller", "Çelik", "Strauß"),
        ("Frankfurt am Main", "Offenbach", "Köln"),
        FRANKFURT,
        1000,
    ),
    "FR": Country(
        ("Élodie", "François", "Anaïs", "Jean-Luc", "Noémie", "Loïc"),
        ("Lefèvre", "d'Aubigné", "Garçon", "Benoît", "N'Diaye", "Dupré"),
        ("Paris", "Lyon", "Orléans"),
        FRENCH,
        100,
    ),
    "FR south": Country(
        ("Gaëlle", "Théo", "Inès", "Rémi"),
        ("Pagès", "L'Hostis", "Château", "Fabre"),
        ("Marseille", "Nîmes", "Montpellier"),
        MARSEILLE,
        100,
    ),
    "BR": Country(
        ("João", "Conceição", "Luíza", "Antônio", "Thaís", "Raí"),
        ("Gonçalves", "da Silva", "Araújo", "dos Anjos", "Magalhães", "Sant'Anna"),
        ("São Paulo", "Campinas", "Brasília"),
        BRAZILIAN,
        10_000,
    ),
    "ES": Country(
        ("Íñigo", "María José", "Begoña", "Álvaro", "Núria"),
        ("Muñoz", "Ibáñez", "de la Peña", "Güell", "Echevarría"),
        ("Málaga", "Barcelona", "A Coruña"),
        ("+33 6 39 98 {n:02d} 20", "+33639 98{n:02d}20"),
        100,
    ),
    "PL": Country(
        ("Łukasz", "Małgorzata", "Zofia", "Paweł", "Święcisława"),
        ("Wójcik", "Żuławski", "Dąbrowska", "Kościuszko", "Śliwa"),
        ("Łódź", "Kraków", "Gdańsk"),
        ("+49 30 23125 9{n:02d}", "0049 30 231259{n:02d}"),
        100,
    ),
    "JP": Country(
        ("花子", "太郎", "さくら", "健", "Yuki"),
        ("田中", "佐藤", "鈴木", "Ōkubo", "高橋"),
        ("東京", "大阪", "Sapporo"),
        ("+1 646 555 01{n:02d}", "+1 (646) 555-01{n:02d}"),
        100,
        family_first=True,
    ),
    "SE": Country(
        ("Åsa", "Björn", "Märta", "Östen"),
        ("Sjöberg", "Ångström", "Lindqvist", "Öberg"),
        ("Malmö", "Göteborg", "Umeå"),
        SWEDISH,
        100,
    ),
    "NG": Country(
        ("Chinẹdu", "Ngọzi", "Tólú", "Ifeoma"),
        ("Adébáyọ̀", "Okafor", "Ẹkwueme", "Bello"),
        ("Lagos", "Abuja", "Ibadan"),
        ("+44 7700 9009{n:02d}", "+44 (0)7700 9009{n:02d}"),
        100,
    ),
}

COMPANIES = (
    "Northwind Bakery", "Café Ångström", "Blue Heron Logistics", "Müller & Söhne", "Acme GmbH",
    "L'Atelier du Pain", "Sakura Print", "Padaria São Bento", "Harbour Vet Clinic", "Żubr Outdoor",
    "O'Brien Plumbing", "Tres Hermanas Café",
)  # fmt: skip
NOTES = (
    "Prefers messages before noon.",
    "Asked for the spring catalogue; call back in May.",
    "Met at the trade fair, stand 12. Two shops.",
    "Allergic to nuts!\nBirthday cake each June.",
    "Pays by invoice, 30 days.",
    "VIP",
    'Says "just text me".',
)
