"""Dates for people: names of months by region, digits, zones, the Hijri calendar."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.localedata import locale_identifiers

from app.language import date_formatting
from tests.conftest import Client

BEIRUT = ZoneInfo("Asia/Beirut")
MODERN = "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"
GOLDEN = {
    "LB SY JO PS IQ": "كانون_الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين_الأول تشرين_الثاني كانون_الأول",
    "SA AE KW QA BH OM YE": MODERN,
    "EG SD LY": MODERN,
    "TN DZ": "جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر",
    "MA EH": "يناير فبراير مارس أبريل ماي يونيو يوليوز غشت شتنبر أكتوبر نونبر دجنبر",
}
EASTERN = "LB SY JO PS IQ SA KW QA BH OM YE EG SD".split()
"""Regions whose digits are ٠١٢; the others write 012. Arabic without a region does too."""
INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def date(tag: str, moment: str = "2024-11-16T10:00:00Z", zone: ZoneInfo = BEIRUT) -> str:
    return date_formatting.in_words(date_formatting.display_of(tag), moment, zone)[1]


def time(tag: str, moment: str = "2024-11-16T10:00:00Z", zone: ZoneInfo = BEIRUT) -> str:
    return date_formatting.in_words(date_formatting.display_of(tag), moment, zone)[0]


@pytest.mark.parametrize("regions", GOLDEN)
def test_arabic_month_names_match_the_table_of_each_region(regions: str) -> None:
    names = [name.replace("_", " ") for name in GOLDEN[regions].split()]
    for region in regions.split():
        for number, name in enumerate(names, 1):
            at = datetime(2025, number, 15, 12, tzinfo=UTC).isoformat()
            weekday = "الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد".split()
            expected = f"{weekday[datetime(2025, number, 15).weekday()]} 15 {name} 2025"
            if region in EASTERN:
                expected = expected.translate(INDIC)
            assert date(f"ar-{region}", at) == expected
            assert date(f"ar-{region}-u-nu-latn", at) == expected.translate(
                {ord(arabic): str(digit) for digit, arabic in enumerate("٠١٢٣٤٥٦٧٨٩")}
            )


def test_a_slash_adds_the_month_name_of_a_second_language() -> None:
    assert date("ar/en") == "السبت 16 نوفمبر / November 2024"
    assert date("ar-LB-u-nu-latn/ar") == "السبت 16 تشرين الثاني / نوفمبر 2024"
    assert date("ar-IQ-u-nu-latn/ar/en") == "السبت 16 تشرين الثاني / نوفمبر / November 2024"
    assert date("en-GB/ar") == "Saturday, 16 November / نوفمبر 2024"


def test_the_zone_has_a_name_and_decides_the_day() -> None:
    assert time("ar") == "السبت 16 نوفمبر 2024، 12:00 م بتوقيت بيروت"
    assert time("ar-MA", zone=ZoneInfo("Africa/Casablanca")).endswith("11:00 بتوقيت الدار البيضاء")
    assert time("ar", zone=ZoneInfo("UTC")).endswith("10:00 ص بتوقيت غرينتش")
    assert time("ar-u-nu-arab", zone=ZoneInfo("Etc/GMT-3")).endswith("بتوقيت غرينتش+٠٣:٠٠")
    assert time("ar", zone=ZoneInfo("Asia/Hebron")).endswith("بتوقيت الخليل")
    assert time("en").endswith("12:00 PM Eastern European Standard Time")
    assert time("en", "2024-07-16T10:00:00Z").endswith("1:00 PM Eastern European Summer Time")
    assert time("ar-LB-u-nu-latn-hc-h23", "2024-11-16T20:05:00Z").endswith("22:05 بتوقيت بيروت")
    assert date("en", "2024-12-31T23:30:00Z") == "Wednesday, January 1, 2025"


def test_a_calendar_option_gives_hijri_dates() -> None:
    assert date("ar-SA-u-ca-islamic-umalqura") == "السبت ١٤ جمادى الأولى ١٤٤٦ هـ"
    assert date("ar-SA-u-nu-latn-ca-islamic-umalqura") == "السبت 14 جمادى الأولى 1446 هـ"
    assert date("en-u-ca-islamic-umalqura") == "Saturday, Jumada al-Ula 14, 1446 AH"
    assert date("ar-u-ca-islamic-umalqura/en") == "السبت 14 جمادى الأولى / Jumada al-Ula 1446 هـ"
    old = date("ar-u-ca-islamic-umalqura", "1905-03-01T12:00:00Z")
    assert old == "الأربعاء 1 مارس 1905"


def test_hijri_years_begin_on_the_days_of_umm_al_qura() -> None:
    known = {"2023-07-19": 1445, "2024-07-07": 1446, "2025-06-26": 1447, "2026-06-16": 1448}
    for day, year in known.items():
        assert date("ar-u-ca-islamic-umalqura", f"{day}T09:00:00Z").endswith(f" 1 محرم {year} هـ")


def test_every_known_language_formats_every_date() -> None:
    for name in locale_identifiers():
        if name == "root" or len(name.split("_")[-1]) > 4:  # a variant: nobody asks for those
            continue
        [one] = date_formatting.parse(name.replace("_", "-"))
        both, day = date_formatting.in_words(one, "2024-11-16T10:00:00Z", BEIRUT)
        assert day and day in both and "{" not in both and "\u202f" not in both, name


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("xx", "Unknown language"), ("zz-ZZ", "Unknown language"), ("ar-XQ", "Unknown language"), ("und", "Unknown language"),
        ("ar-Latn", "Unknown language"), ("ar_EG", "no language tag"), ("ar//en", "no language tag"),
        ("a", "no language tag"), ("ar-x-y", "no language tag"), ("ar,en,AR", "twice"),
        ("ar,en,fr,de,tr,fa", "At most 5"), ("ar-u-nu-foo", "one of"), ("ar-u-nu", "one of"),
        ("ar-u-zz-foo", "are known"), ("ar-u-nu-arab-nu-latn", "each once"),
        ("ar-u-ca-chinese", "one of"), ("fr-u-ca-islamic-umalqura", "Hijri"),
        ("ar/en-u-nu-latn", "first language"), ("ar-u-ca-islamic-umalqura/fr", "Hijri"),
        ("zh/en", "counts its months"),
    ],
)  # fmt: skip
def test_an_unknown_language_or_option_is_reported(tag: str, said: str) -> None:
    assert said in (date_formatting.fault(tag) or "")


def test_display_works_for_a_story_and_for_a_list(client: Client, told) -> None:
    told(slug="one", lang="ar", headline="خبر", published_at="2024-11-16T10:00:00Z")
    told(slug="two", published_at="2024-02-03T23:30:00Z")
    plain = client.get("/v1/articles/one")
    shown = client.get("/v1/articles/one?display=ar-LB,ar/en").json()
    assert list(shown["display"]) == ["ar-LB", "ar/en"]
    assert shown["display"]["ar/en"]["published_date"] == "السبت 16 نوفمبر / November 2024"
    assert "تشرين الثاني" in shown["display"]["ar-LB"]["published"]
    assert shown["display"]["ar-LB"]["published"].endswith("بتوقيت غرينتش")
    assert shown["display"]["ar-LB"]["updated"] is None
    del shown["display"]
    assert shown == plain.json()
    by_url = client.get("/v1/articles/by-url", params={"url": shown["url"], "display": "en"})
    assert by_url.json()["display"]["en"]["published_date"] == "Saturday, November 16, 2024"
    listed = client.get("/v1/articles?display=en-GB&limit=1")
    assert listed.json()["items"][0]["display"]["en-GB"]["published_date"].endswith("2024")
    assert "display=en-GB" in listed.headers["link"]
    assert "display" not in client.get("/v1/articles").json()["items"][0]


def test_a_response_with_dates_has_its_own_etag(client: Client, told) -> None:
    told(slug="one", body=[{"type": "paragraph", "text": "long " * 400}])
    tags = {
        client.get(f"/v1/articles/one{query}").headers["etag"]
        for query in ("", "?display=ar", "?display=en", "?display=ar,en")
    }
    assert len(tags) == 4
    for coding in ("zstd", "br", "gzip", "identity"):
        answer = client.get("/v1/articles/one?display=ar", headers={"Accept-Encoding": coding})
        assert answer.json()["display"]["ar"]["published"]
        known = {"If-None-Match": answer.headers["etag"]}
        assert client.get("/v1/articles/one?display=ar", headers=known).status_code == 304


@pytest.mark.parametrize(
    "query",
    [
        "display=xx",
        "display=",
        "display=ar&display=en",
        "display=ar_EG",
        "display=%FF",
        "display=ar,,en",
    ],
)
def test_an_unknown_display_is_400(client: Client, told, query: str) -> None:
    told(slug="one")
    for path in ("/v1/articles", "/v1/articles/one"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert [one["parameter"] for one in answer.json()["errors"]] == ["display"]
    assert client.get("/v1/articles/one/attributions?display=ar").status_code == 400
    assert client.get("/v1/sections?display=ar").status_code == 400


def test_every_demo_story_has_dates(demo: Client) -> None:
    cards = demo.get("/v1/articles?display=ar-EG,en,ar-SA-u-ca-islamic-umalqura&limit=100").json()
    for card in cards["items"]:
        for words in card["display"].values():
            assert (words["updated"] is None) == (card["updated_at"] is None)
            assert words["published_date"] in words["published"]


def test_a_story_read_with_its_dates_can_be_sent_back(editor: Client) -> None:
    made = editor.post("/v1/articles", json={"lang": "en", "headline": "A story"}).json()
    read = editor.get(f"/v1/articles/{made['id']}?display=ar-LB,en")
    assert read.json()["display"]["en"]["updated"] is None
    known = {"If-Match": read.headers["etag"]}
    sent = editor.put(f"/v1/articles/{made['id']}", json=read.json(), headers=known)
    assert sent.status_code == 200, sent.text
