"""Names in Latin letters and in Arabic find each other: sixty pairs, each with judged stories."""

import math
from collections.abc import Callable

import pytest

from app.db.database import Database
from app.desk.articles import publishing
from app.desk.transaction import at_desk
from app.models.article import ArticleWrite
from app.models.block import BlockWrite
from tests.conftest import Client

PAIRS = """
Kraft كرافت · Dresden دريسدن · Napoli نابولي · Torino تورينو · Vancouver فانكوفر · Istanbul إسطنبول · Melbourne ملبورن · Hamilton هاميلتون · Lukaku لوكاكو · Griezmann غريزمان
Modric مودريتش · Ramos راموس · Suarez سواريز · Coutinho كوتينيو · Hazard هازارد · Pogba بوغبا · Benzema بنزيمة · Iniesta إنييستا · Ibrahimovic إبراهيموفيتش · Lewandowski ليفاندوفسكي
Ferrari فيراري · Toyota تويوتا · Nokia نوكيا · Samsung سامسونغ · Netflix نتفليكس · WhatsApp واتساب · TikTok تيك توك · YouTube يوتيوب · Facebook فيسبوك · Tesla تسلا
NATO الناتو · UNESCO اليونسكو · UNICEF يونيسف · OPEC أوبك · FIFA الفيفا · UEFA يويفا · NASA ناسا · CNN سي إن إن · BBC بي بي سي · Interpol الإنتربول
Obama أوباما · Sarkozy ساركوزي · Hollande هولاند · Chirac شيراك · Berlusconi برلسكوني · Netanyahu نتنياهو · Rouhani روحاني · Erdogan أردوغان · Guterres غوتيريش · Tillerson تيلرسون
Idlib إدلب · Kirkuk كركوك · Benghazi بنغازي · Mogadishu مقديشو · Nairobi نيروبي · Stockholm ستوكهولم · Bogota بوغوتا · G20 مجموعة العشرين · 5G الجيل الخامس · VAR تقنية الفيديو
"""
KNOWN = [pair.split(" ", 1) for line in PAIRS.strip().splitlines() for pair in line.split(" · ")]
GRADES = {
    "{} في صدارة الأخبار": ("", 2),
    "خبر اليوم": ("وقال مراسلنا إن {} كان موضوع اللقاء", 1),
    "خبر آخر": ("لا صلة له بالموضوع", 0),
}
"""Headlines and bodies with the name in Arabic, and how well such a story answers."""
Search = Callable[[str], list[str]]


@pytest.fixture
def judged(db: Database) -> dict[str, tuple[str, int]]:
    """The pair and the grade of each story."""
    found = {}
    with at_desk(db) as desk:
        for latin, arabic in KNOWN:
            for headline, (body, grade) in GRADES.items():
                text = [BlockWrite(type="paragraph", text=body.format(arabic))] if body else []
                written = ArticleWrite(lang="ar", headline=headline.format(arabic), body=text)
                row = publishing.create(desk, written)
                publishing.publish(desk, row)
                found[row.id] = (latin, grade)
    return found


def gain(grades: list[int]) -> float:
    return sum((2.0**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))


def ndcg(client: Client, query: str, wanted: dict[str, int]) -> float:
    """The normalised discounted cumulative gain of the first ten answers."""
    items = client.get("/v1/search", params={"q": query, "limit": 10}).json()["items"]
    best = sorted(wanted.values(), reverse=True)[:10]
    return gain([wanted.get(item["id"], 0) for item in items]) / gain(best)


def test_sixty_names_in_latin_letters_find_stories_that_have_them_in_arabic(
    client: Client, judged: dict[str, tuple[str, int]]
):
    assert len(KNOWN) == 60
    figures = {}
    for latin, _ in KNOWN:
        wanted = {id: grade for id, (name, grade) in judged.items() if name == latin}
        figures[latin] = ndcg(client, latin, wanted)
    assert sum(figures.values()) / 60 >= 0.8, {n: v for n, v in figures.items() if v < 0.8}


def test_a_name_in_arabic_finds_a_story_that_has_it_in_latin_letters(client: Client, db: Database):
    with at_desk(db) as desk:
        row = publishing.create(desk, ArticleWrite(lang="ar", headline="منصة TikTok وقمة G20"))
        publishing.publish(desk, row)
    for query in ("تيك توك", "مجموعة العشرين", "التيك توك و قمة"):
        items = client.get("/v1/search", params={"q": query}).json()["items"]
        assert [item["id"] for item in items] == [row.id], query
