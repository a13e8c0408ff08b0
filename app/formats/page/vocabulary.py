"""Words that pages put around their text, as data: folded (see `arabic.normalise.fold`)."""

import re

from app.language.folding import fold

SHARE = """
شارك القصة|شارك|شارك الخبر|شارك المقال|مشاركة|شاركها|انشر|نسخ الرابط|تم نسخ الرابط|نسخ|طباعة|طباعه|حفظ|احفظ المقال
فيسبوك|تويتر|إكس|واتساب|واتس آب|تيليغرام|تلغرام|تليجرام|لينكد إن|بريد إلكتروني|البريد الإلكتروني|انستغرام|ماسنجر|استمع|استمع للمقال|أ أ|حجم الخط|مشاركة عبر|شارك عبر|شارك على
share|share this|share this story|share this article|share article|share story|share on|facebook|twitter|x|whatsapp|telegram|linkedin
email|e-mail|copy link|link copied|print|save|save article|bookmark|listen|listen to this article|tweet|pinterest|reddit|messenger
share on facebook|share on twitter|share on x|share on whatsapp|share via email|gift this article|follow|text size|aa
"""
CONTINUE = """
تابع القراءة|اقرأ المزيد|المزيد|عرض المزيد|أكمل القراءة|متابعة القراءة|مواصلة القراءة|قراءة المزيد|شاهد المزيد|إقرأ المزيد
continue reading|read more|show more|keep reading|read full story|see more|load more|expand|story continues below
lire la suite|weiterlesen|seguir leyendo|leer más|continua a leggere|devamını oku|читать далее|ادامه مطلب|مزید پڑھیں
"""
CLOSE = """
إغلاق|أغلق|اغلاق|إلغاء|عودة|العودة إلى الأعلى|إلى الأعلى|close|cancel|dismiss|back|back to top|skip|x close|done|menu|القائمة|بحث|search
"""
ADVERTISEMENT = """
إعلان|اعلان|إعلانات|إعلان ممول|تكمل القصة بعد الإعلان|advertisement|advertisements|ad|ads|sponsored|advertisement - scroll to continue|story continues after ad|skip ad|paid content
advert|story continues after advertisement|article continues below
publicité|publicidad|publicidade|pubblicità|werbung|anzeige|reklam|annonse|annons|реклама|广告|تبلیغات|اشتہار
"""
RELATED = """
اقرأ أيضا|إقرأ أيضا|اقرأ أيضًا|شاهد أيضا|مواضيع ذات صلة|أخبار ذات صلة|مقالات ذات صلة|ذات صلة|قد يهمك|قد يهمك أيضا|قد يعجبك أيضا|الأكثر قراءة|مواضيع متعلقة|المزيد من|اخترنا لك|تابع أيضا|أخبار متعلقة|آخر الأخبار
read also|also read|related|related articles|related stories|related topics|more on this story|more on this|you may also like|see also|most read|recommended|recommended for you|more from|more stories|read next|don't miss|trending|latest news|top stories
explore more on these topics|for more on this story|more on this topic|à lire aussi|lire aussi|à lire également|voir aussi|sur le même sujet
lesen sie auch|mehr zum thema|lesen sie mehr|auch interessant|lea también|le puede interesar|más información|leia também|leia mais|leggi anche
ayrıca okuyun|ilgili haberler|ilginizi çekebilir|читайте также|по теме|les også|läs också|läs mer|بیشتر بخوانید|اخبار مرتبط|相关新闻|مزید پڑھیے
"""
FOOTER = """
جميع الحقوق محفوظة|سياسة الخصوصية|شروط الاستخدام|اتصل بنا|من نحن|تعليقات|التعليقات|أضف تعليقا|اترك تعليقا|اشترك|اشترك في النشرة البريدية|النشرة البريدية|سجل الآن|تسجيل الدخول|تابعنا|تابعونا|حمل التطبيق|نستخدم ملفات تعريف الارتباط|قبول|موافق|الإشعارات
all rights reserved|privacy policy|terms of use|terms of service|contact us|about us|comments|leave a comment|post a comment|subscribe|subscribe now|sign up|sign in|log in|newsletter|follow us|download our app|download the app|accept|accept all|i agree|cookie policy|we use cookies|notifications|enable notifications|view comments
"""
HOME = """
الرئيسية|الصفحة الرئيسية|home|homepage|front page|skip to content|skip to main content|skip to navigation|skip navigation|jump to content
تخطى إلى المحتوى|تخطي إلى المحتوى|انتقل إلى المحتوى|التخطي إلى المحتوى|صفحه نخست|خانه|پرش به محتوا|مواد پر جائیں|صفحہ اول
"""
SOURCES = """
المصادر|المصدر|مصادر|مصدر|المصدر الأصلي|sources|source|source(s)|original source|via
quelle|quellen|fuente|fuentes|fonte|fonti|kaynak|источник|منبع|ماخذ|来源|kilde|källa
"""
TAGS = "الكلمات الدالة|كلمات دالة|هاشتاغ|برچسب‌ها|برچسب ها|برچسبها|کلیدواژه‌ها|کلید واژه‌ها|ٹیگز|كلمات مفتاحية|الكلمات المفتاحية|كلمات دلالية|وسوم|الوسوم|العلامات|تاغات|مواضيع|tags|keywords|topics|tagged|filed under"
BYLINES = """
بواسطة|كتب|كتبت|بقلم|إعداد|تحرير|تقرير|كتابة|الكاتب|الكاتبة|مراسل|مراسلة|ترجمة|أعده|أعدته|حوار|حاوره|حاورته|أجرى الحوار|تصوير وتقرير|متابعة
by|written by|reported by|reporting by|author|story by|words by|edited by|editing by
von|par|por|di|da|yazan|автор|نویسنده|خبرنگار|责编|责任编辑|编辑|记者|作者|av|redaktion
"""
PHOTO = """
صورة|الصورة|تصوير|عدسة|بعدسة|مصدر الصورة|الصورة من|صور|المصدر
photo|photo by|photo credit|photograph|photographer|photography|image|image credit|image source|picture|pictures|credit|courtesy|courtesy of|file photo|source|photo courtesy of
"""

GENERIC_CREDITS = "أرشيف|أرشيفية|خاص|غيتي|getty|handout|archive|file|social media|مواقع التواصل|وسائل التواصل|agencies|وكالات|متداولة|إنترنت|x"

MEDIA_NOUN = r"(?:وكالة|وكالتي|صحيفة|جريدة|قناة|شبكة|موقع|مجلة|إذاعة|اذاعة|تلفزيون|التلفزيون|التليفزيون|منصة|هيئة|مؤسسة)"
ENGLISH_NOUN = (
    r"(?:news agency|press agency|agency|newspaper|daily|broadcaster|television|tv|channel"
    r"|website|magazine|network|weekly|newswire|wire service|radio|outlet)"
)


def words(lines: str) -> frozenset[str]:
    """The phrases of a table above, folded."""
    return frozenset(map(plain, phrases(lines)))


def phrases(lines: str) -> list[str]:
    """The phrases of a table above."""
    return [one for one in re.split(r"[|\n]", lines) if one.strip()]


def plain(text: str) -> str:
    """A phrase without the marks around it, folded: what the tables are asked for."""
    return EDGES.sub("", fold(text))


EDGES = re.compile(r"^[\W_]+|[\W_]+$")

REASONS: list[tuple[str, frozenset[str]]] = [
    ("share words", words(SHARE)),
    ("continue reading", words(CONTINUE)),
    ("close", words(CLOSE)),
    ("advertisement", words(ADVERTISEMENT)),
    ("page furniture", words(FOOTER)),
    ("navigation", words(HOME)),
]
RELATED_WORDS = words(RELATED)
SOURCE_WORDS = words(SOURCES)
TAG_WORDS = words(TAGS)
BYLINE_WORDS = words(BYLINES)
GENERIC_WORDS = words(GENERIC_CREDITS)

PATTERNS = [
    ("reading time", re.compile(
        r"^\W*(?:(?:مده|وقت|زمن) القراءه\W*)?\d{1,3}\s*(?:دقيقه|دقائق|دقايق|د|min|mins|minute|minutes)"
        r"(?:\s*(?:قراءه|للقراءه|read|reading|to read|reading time))?\W*$"
        r"|^\W*(?:reading time|مده القراءه|وقت القراءه)\W")),
    ("counter", re.compile(
        r"^\W*[\d.,]+\s*(?:k|m|الف|مليون)?\s*(?:مشاهده|مشاهدات|مشاركه|مشاركات|تعليق|تعليقات|قراءه|اعجاب"
        r"|views?|shares?|comments?|likes?|reads?)\W*$"
        r"|^\W*(?:المشاهدات|عدد المشاهدات|مشاهدات|التعليقات|views|comments|shares)\W*[\d.,]+\W*$")),
    ("copyright", re.compile(r"^\W*(?:©|\(c\)|copyright\b|حقوق النشر|جميع الحقوق محفوظه)|all rights reserved\W*$")),
    ("page furniture", re.compile(
        r"^\W*(?:اشترك|سجل|حمل تطبيق|تابعونا|تابعنا|subscribe to|sign up for|download the|follow us on|get our"
        r"|we use cookies|this site uses cookies|نستخدم ملفات تعريف)(?![^\W_]).{0,120}$")),
    ("paywall", re.compile(
        r"^\W*you (?:have|are reading) .{0,80}(?:left to read|remaining)\b|\bthe rest is for subscribers\b"
        r"|^\W*(?:هذا المحتوي|هذا المقال|بقيه المقال) .{0,40}للمشتركين|^\W*il vous reste .{0,40}a lire\b")),
    ("page furniture", re.compile(
        r"^\W*our standards\W|^\W*item \d+ of \d+\b|^\W*\d+ (?:of|/) \d+\W*$|^follow .{1,60} on (?:facebook|x|twitter|instagram|whatsapp)\b.{0,60}$"
        r"|^\W*(?:كد خبر|شناسه خبر|رقم الخبر|كود الخبر|story id|article id)\W*\d+\W*$|^\W*purchase licensing rights\W*$")),
    ("player", re.compile(
        r"^\W*(?:watch now|now playing|play video|play audio|video player|شاهد الفيديو|تشغيل الفيديو)\W*$"
        r"|^\W*(?:video|audio|فيديو)\W?[\d:.\s]{3,20}$")),
    ("time of a change", re.compile(
        r"^\W*(?:اخر تحديث|تم التحديث|حدث|last updated?|updated)\W{1,3}\d{1,2}[:.]\d{2}(?:\W+[^\W\d_]+){0,3}\W*$")),
    ("relative time", re.compile(
        r"^\W*(?:(?:منذ|قبل)\s+(?:\d+\s+)?(?:دقيقه|دقائق|دقايق|ساعه|ساعات|ساعتين|يوم|ايام|يومين)"
        r"|(?:updated\s+|published\s+)?\d+\s+(?:minutes?|mins?|hours?|hrs?|days?)\s+ago)\W*$")),
]  # fmt: skip


TAIL = re.compile(
    r"(?:التعليقات|تعليقك|comments?\b).{0,200}(?:تعبر|نشرها|الموقع|moderat|polic|guideline|closed)"
    r"|(?:الاراء الوارده|الاراء المنشوره).{0,60}تعبر|تعبر عن (?:راي|وجهه نظر) (?:الموقع|كاتبها|اصحابها)"
    r"|^(?:click here|sign up|subscribe|support our|if you (?:like|enjoy)ed|get the latest|join our|follow us)\b"
    r"|^(?:لمتابعه|للاشتراك|اشترك|انضموا|تابعونا|تابعوا|حملوا|لتصلك)(?![^\W_])"
    r"|^(?:follow|more|reach|write to|contact|e-?mail|send|find|listen to)\b.{0,160}(?:https?://|www\.|\s@\w|\w@\w)"
    r"|moderat\w+ (?:all )?comments|^follow .{1,60} on (?:twitter|facebook|instagram|x)\b"
    r"|\b(?:unterstutzen sie|spende|faire un don|dona ahora)\b|^انتهي\W*$"
)


def after_the_end(text: str) -> str | None:
    """Why a paragraph at the end of a story is none of it: rules for comments, an appeal."""
    return "page furniture (end)" if len(text) < 700 and TAIL.search(fold(text)) else None


def furniture(line: str) -> str | None:
    """Why a line is no part of the story, if it is none."""
    if len(line) > 160:
        return None
    folded = fold(line)
    phrase = EDGES.sub("", folded)
    for reason, known in REASONS:
        if phrase in known:
            return reason
    return next((reason for reason, pattern in PATTERNS if pattern.search(folded)), None)


RELATED_LABEL = re.compile(
    r"(?:اقرا|اقراي|شاهد|تابع|طالع|انظر|استمع)(?: \S+)? (?:ايضا|كذلك)|المزيد (?:من|عن|حول)\b.*|للمزيد"
    r"|(?:مواضيع|موضوعات|مقالات|اخبار|قصص)(?: و\S+)? (?:ذات صله|متعلقه|مشابهه|مرتبطه|اخري|قد \S+)"
    r"|من اختيار\S* .{2,20}|(?:قد|ربما) (?:ي|ت)(?:عجب|هم)\S*.{0,12}|(?:الاكثر|الاعلي) (?:قراءه|مشاهده|تداولا)"
    r"|(?:to )?(?:learn|read|find out|see) more|suggested (?:topics|stories|reading)|more (?:\S+ ){0,3}(?:stories|news|coverage)"
    r"|more (?:from|on|about) .{2,40}|(?:related|popular|recommended|similar) (?:topics|stories|articles|posts|news|content|links|coverage)"
    r"|متعلقه عنوانات|مزيد خبرين|موضوعات مرتبط|مطالب مرتبط|بيشتر بخوانيد"
)
"""Labels of links to other stories, folded."""
COMMENTS = re.compile(
    r"^\W*(?:(?:التعليقات|تعليقات|comments|نظرات|تبصره|تبصري|kommentare|commentaires|comentarios)\W*\d*"
    r"|\d+ (?:comments|تعليقات|تعليقا|تعليق)|نظر شما|انتهاي بيام|(?:اضف|اكتب|اترك) (?:تعليق|تعليقا|تعليقك)"
    r"|(?:leave|post|add) a (?:comment|reply))\W*$"
)
"""Lines, folded, that stand between a story and its comments."""


def related(line: str) -> str | None:
    """What follows a label of related stories, "" after a label alone; None where there is none."""
    if (said := labelled(line, RELATED_WORDS)) is not None:
        return said
    label, colon, rest = line.partition(":")
    alone = len(line) < 60 and RELATED_LABEL.fullmatch(plain(line))
    if alone or (colon and len(label) < 40 and RELATED_LABEL.fullmatch(plain(label))):
        return rest.strip() if colon else ""
    return None


def ends_the_story(line: str) -> bool:
    """Whether a line heads the comments on a story."""
    return len(line) < 40 and bool(COMMENTS.match(fold(line)))


LABEL = re.compile(r"^[\W_]{0,3}([^:：\n]{1,30}?)\s*[:：]\s*(.*)$", re.DOTALL)


def labelled(line: str, labels: frozenset[str]) -> str | None:
    """What follows one of these labels and a colon ("Source: Reuters"), or is "" after a label
    alone; None where the line has no such label."""
    if found := LABEL.match(line):
        return found[2].strip() if plain(found[1]) in labels else None
    return "" if len(line) < 40 and plain(line) in labels else None
