"""Date lines of news pages in several languages."""

from datetime import UTC, datetime

import pytest

from app.language import date_reading

LINES = {
    "٠٨:١٥ الأربعاء ٥ / ٠٣ / ٢٠٢٥": datetime(2025, 3, 5, 8, 15, tzinfo=UTC),
    "تم نشره السبت 9 أيار / مايو 2026 07:05 صباحاً": datetime(2026, 5, 9, 7, 5, tzinfo=UTC),
    "أضيف بتاريخ 5 مايو 2025": datetime(2025, 5, 5, 12, tzinfo=UTC),
    "September 3, 2025 2:14 PM UTC Updated 3 hours ago": datetime(2025, 9, 3, 14, 14, tzinfo=UTC),
    "As of: 28 April 2025 17:23": datetime(2025, 4, 28, 17, 23, tzinfo=UTC),
    "November 20, 2019 - 11:28 AMT": datetime(2019, 11, 20, 11, 28, tzinfo=UTC),
    "تاریخ انتشار: ۲۳ مهر ۱۴۰۳ - ۱۰:۱۵": datetime(2024, 10, 14, 10, 15, tzinfo=UTC),
    "اپ ڈیٹ: 12 مئی 2025": datetime(2025, 5, 12, 12, tzinfo=UTC),
    "segunda-feira, 22 de janeiro de 2018 às 0:13": datetime(2018, 1, 22, 0, 13, tzinfo=UTC),
    "Publié le 22 novembre 2024 à 07h22": datetime(2024, 11, 22, 7, 22, tzinfo=UTC),
    "Veröffentlicht am 28. April 2023, 20:15 Uhr": datetime(2023, 4, 28, 20, 15, tzinfo=UTC),
}


@pytest.mark.parametrize("line", LINES)
def test_a_date_line_with_words_of_publishing_is_a_date_alone(line: str):
    stated = date_reading.read(line, UTC)
    assert stated and stated.at == LINES[line]
    assert date_reading.is_date_line(line, UTC)


@pytest.mark.parametrize("line", ["In May 2025 the council met", "وقال في 5 مايو 2025", "May 2025"])
def test_a_sentence_with_a_date_is_no_date_line(line: str):
    assert not date_reading.is_date_line(line, UTC)
