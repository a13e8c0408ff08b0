"""The analyser: spellings of a word meet, names keep their letters, places are the text's own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.language.analyzer import Analyser
from app.language.lexicon import Lexicon, counted, seed, short, whole
from app.search import bm25

ANALYSER = Analyser(Lexicon())


def terms(text: str) -> str:
    return ANALYSER.terms(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("القمّةُ", "القمه"),
        ("مُسْتَشْفَى", "مستشفي"),
        ("إلى", "الی"),
        ("أكاديمية", "اكاديميه"),
        ("مؤتمر", "موتمر"),
        ("ك\u0640\u0640تاب", "کتاب"),
        ("ﻻجئون", "لاجئون"),
        ("\u200fرئيس\u200f", "رئیس"),
        ("في\u200dتنام", "فيتنام"),
        ("٢٠١٨", "۲۰۱۸"),
        ("پاريس", "باريس"),
        ("naïve", "NAIVE"),
        ("elections", "Election"),
        ("ＡＢＣ", "abc"),
    ],
)
def test_spellings_of_a_word_meet(one, other):
    assert terms(one) == terms(other) != ""


@pytest.mark.parametrize(
    ("forms", "stem"),
    [
        ("المدينة والمدينة بالمدينة للمدينة مدينتها مدينته مدن المدن", "مدين"),
        ("بوتين لبوتين وبوتين", "بوت"),
        ("لبنان للبنان ولبنان بلبنان لبناني اللبنانيين واللبنانية", "لبنان"),
        ("ألمانيا المانيا لألمانيا وألمانيا الألمانية للألمان", "المانيا"),
        ("اليونان باليونان واليونان يونانية", "يونان"),
        ("ألوان الألوان بألوان لون اللون", "لون"),
        ("وزير الوزير لوزير وزراء والوزراء", "وزير"),
        ("صاروخ صواريخ بالصواريخ", "صاروخ"),
        ("روسيا روسي الروسية الروس لروسيا", "روسيا"),
        ("لاجئ لاجئو لاجئون واللاجئين", "لاج"),
        ("وكالة وكالات الوكالة والوكالات بوكالات لوكالة وكالته", "وكال"),
        ("غاز الغاز بالغاز والغاز للغاز", "غاز"),
        ("سنة السنة سنوات السنوات والسنوات بسنوات", "سنه"),
        ("أمين الأمين للأمين والأمين", "امين"),
        ("أمة الأمة الأمم للأمم", "امه"),
        ("أم أمهات الأمهات", "ام"),
        ("حق الحق بالحق للحق والحق حقها حقهم حقوق", "حق"),
        ("جو الجو", "جو"),
        ("نص النص نصوص بالنص", "نص"),
        ("معارض المعارض معرض معارضها", "معرض"),
        ("المعارضة معارضين والمعارضين معارضته", "معارض"),
        ("أمريكا أميركا لأميركا وأميركا الأميركيين", "امريكا"),
        ("الدانمارك والدانمارك دنماركية", "دنمارك"),
        ("سوري السورية السوريين سوريات والسوريتان", "سوريا"),
        ("والد والده والدها والدهم", "والد"),
    ],
)
def test_forms_of_a_word_meet(forms, stem):
    assert set(terms(forms).split()) == {stem}


ATTACHED = """
حماية لحماية, تعزيز لتعزيز, تنفيذ لتنفيذ, استخدام باستخدام, مشاركة بمشاركة, مقتل بمقتل, منزله لمنزله, أسلحته بأسلحته,
ثلاثة لثلاثة, يمكن فيمكن, لاجئين للاجئين, لاجئين اللاجئين, بحرية البحرية, كبرى الكبرى, واضح الواضح, فنية الفنية,
سنوي السنوي, فعلي الفعلي, بشري البشري, وثائقي الوثائقي, وكلاء الوكلاء, كواليس الكواليس, لازمة اللازمة, غازات الغازات,
أمان الأمان, هامة الهامة, حادة الحادة, فريدة الفريدة, كهربائي كهرباء, فضائي فضاء, قضائية القضاء, قوات قوة, للحل الحل
"""


@pytest.mark.parametrize("pair", ATTACHED.split(","))
def test_a_word_meets_itself_with_what_is_attached_to_it(pair):
    one, other = pair.split()
    assert terms(one) == terms(other)


@pytest.mark.parametrize("word", "وزير لبنان كتاب فكرة ساحل وثيقة بيان فريق سلام كرة".split())
def test_a_first_letter_of_the_word_itself_stays(word):
    assert terms(word)[0] == word[0]


def test_every_word_of_the_tables_is_found_behind_an_article():
    """But those whose own first letters look like one, and those that with it are another word."""
    known = [
        word for word in seed()
        if (len(word) > 2 or word in short()) and not {word[:2], f"ال{word}"} & {"ال", *whole()}
    ]  # fmt: skip
    arabic = [word for word in known if not word.isascii()]
    assert len(arabic) > 2_000
    for word in arabic:
        assert terms(f"ال{word}") == terms(f"وال{word}") == terms(word), word


ALIKE = """
فكرة كرة, بعيد عيد, والد الدم, الصين صنع, الآن إن, حسنا حس, أبها أب, سالم ألم,
ألم ألمانيا, بأن ألبانيا, سور السورية, كليب ليبيا, ترك تركيا, ماني ألمانيا, كوباني كوبا, الاستهانة إستونيا,
معارضة معارض, معاهدة معاهد, مدنيين مدن, مصالحة مصالح, تجارة تجار, أدى أديان, دعا دعاوى, المالية مالي
"""


@pytest.mark.parametrize("pair", ALIKE.split(","))
def test_two_words_that_look_alike_stay_apart(pair):
    one, other = pair.split()
    assert terms(one) != terms(other)


def test_particles_before_a_number_or_a_foreign_word_are_no_terms():
    text = "تقنية الـVAR في 2019م و50 حالة بـ200 كوفيد-19 #وزير_النقل"
    found = [(token.term, text[token.start : token.end]) for token in ANALYSER.analyse(text)]
    assert [slice for _, slice in found] == [
        "تقنية", "VAR", "في", "2019", "م", "50", "حالة", "200", "كوفيد", "19", "وزير", "النقل",
    ]  # fmt: skip
    assert found[1][0] == terms("VAR")


def test_learnt_words_change_the_analysis():
    name = "بكشاهر"
    assert terms(f"ل{name}") != terms(name)
    learnt = counted([f"زار {name} المدينة", f"وصل {name} أمس", f"قال {name} إنه عاد"])
    taught = Analyser(Lexicon(learnt))
    assert taught.terms(f"ل{name}") == taught.terms(f"ول{name}") == taught.terms(name) == name
    assert taught.version != ANALYSER.version


def test_a_spellings_file_adds_equal_words():
    own = Analyser(Lexicon(own_spellings="# ours\nمرسازين مرسزين|مرسىزين\n"))
    assert own.terms("مرسازين ومرسزين") == f"{own.terms('مرسىزين')} {own.terms('مرسىزين')}"
    assert own.version != ANALYSER.version


SIGNS = "\u064b \u0651 \u200f \u200d \u00ad \ufeff \u0301 \ud83d \U0001f1f1".split(" ")
LETTERS = st.sampled_from([*"ابتثكلمنويسفةىأإآؤئء0٣9aZé ـ.،-_#😀ﻻﷺ中", *SIGNS])


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(LETTERS, max_size=60), st.text(max_size=40)))
def test_term_positions_refer_to_the_original_text(text):
    found, end = ANALYSER.analyse(text), 0
    for token in found:
        assert end <= token.start < token.end <= len(text)
        assert token.term == ANALYSER.term(text[token.start : token.end])
        assert token.term and token.term.isalnum() and len(token.term) <= 60
        end = token.end
    assert " ".join(token.term for token in found) == terms(text)


@settings(max_examples=200, deadline=None)
@given(st.text(LETTERS, max_size=20))
def test_marks_and_invisible_characters_change_no_term(text):
    marked = "".join(f"{letter}\u0640\u064e" if "ب" <= letter <= "ن" else letter for letter in text)
    assert terms(marked).replace(" ", "") == terms(marked.replace("\u0640\u064e", "")).replace(
        " ", ""
    )


def test_ranking_prefers_titles_rare_terms_and_short_texts():
    wanted = {"harbour": bm25.idf(1000, 10), "town": bm25.idf(1000, 500)}
    averages = (5.0, 10.0, 100.0)

    def of(title: str = "", body: str = "") -> float:
        return bm25.score([title, "", body], wanted, averages)

    assert of("harbour opens", "text") > of("opens", "harbour text") > of("opens", "town text") > 0
    assert of("", "harbour") > of("", "harbour" + " word" * 200)
    assert of("nothing", "here") == 0
    assert of("", "harbour harbour harbour") > of("", "harbour harbour") > of("", "harbour")
