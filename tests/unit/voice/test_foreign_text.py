"""Signs, units, dates and times in languages whose voices read only the numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.languages import codes
from daemon.voice.foreign_text import spoken


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        ("es", "Cuesta 25 €.", "Cuesta 25 euros."),
        ("es", "Son 12,50 €", "Son 12 euros con 50"),
        ("es", "Cuesta $1.500", "Cuesta 1.500 dólares estadounidenses"),
        ("es", "un 3,5 % más", "un 3,5 por ciento más"),
        ("es", "a 20 km/h y -5 °C", "a 20 kilómetros por hora y menos 5 grados Celsius"),
        ("es", "1 kg y 2 kg", "1 kilogramo y 2 kilogramos"),
        ("es", "el 3/5/2026", "el 3 de mayo de 2026"),
        ("es", "2026-05-03", "3 de mayo de 2026"),
        ("es", "el 2.º piso", "el 2º piso"),
        ("es", "Son las 15:30.", "Son las 15:30."),
        ("es", "son 1.234.567 personas", "son 1.234.567 personas"),
        ("fr", "Il est 15h30.", "Il est 15 heures 30."),
        ("fr", "Il est 15:30, non 1:00.", "Il est 15 heures 30, non 1 heure."),
        ("fr", "la 2e fois, 12,50 €", "la deuxième fois, 12 euros 50"),
        ("fr", "1 234 567 €", "1 234 567 euros"),
        ("it", "Costa 3,20 € al kg", "Costa 3 euro e 20 al kg"),
        ("it", "corre a 30 km/h", "corre a 30 chilometri orari"),
        ("pt", "Custa R$ 12,50.", "Custa 12 Reais brasileiros e 50."),
        ("pt", "às 15h", "às 15 horas"),
        ("de", "am 3. Mai 1990", "am dritten Mai neunzehnhundertneunzig"),
        ("de", "Der 3. Oktober", "Der dritte Oktober"),
        ("de", "im 19. Jahrhundert", "im neunzehnten Jahrhundert"),
        ("de", "um 15:30 Uhr", "um 15 Uhr 30"),
        ("de", "um 8:00 Uhr", "um 8 Uhr"),
        ("de", "1500 € und 1500 m", "1.500 Euro und 1.500 Meter"),
        ("de", "-7,5 °C", "minus 7,5 Grad Celsius"),
        ("hi", "₹500 और 3.5%", "500 भारतीय रुपए और 3.5 प्रतिशत"),
        ("ru", "5 км в 2026-05-03, 3,5 %", "5 км в 3 мая 2026, 3,5 процента"),
        ("ru", "2 € и 5 €", "2 евро и 5 евро"),
        ("uk", "5 kg", "5 кілограмів"),
        ("ja", "気温は-5°Cです", "気温はマイナス 摂氏 5 度です"),
        ("fr", "sans chiffre", "sans chiffre"),
    ],
)  # fmt: skip
def test_read_as_people_do(code: str, text: str, said: str) -> None:
    assert spoken(text, code).replace("\u202f", " ").replace("\u00a0", " ") == said


@given(
    st.sampled_from(codes()[2:]),
    st.text(st.sampled_from("0123456789.,:-/ €$%kmh°Cº\u202fa'"), max_size=25),
)
def test_nothing_written_breaks_it(code: str, text: str) -> None:
    assert isinstance(spoken(text, code), str)


def test_what_is_no_number_stays() -> None:
    for text in (
        "99/99/2026",
        "3.14.15",
        "v2.0.1",
        "192.168.0.1",
        "A4",
        "B-52",
        "10-15",
        "1" * 40 + " €",
    ):
        assert spoken(text, "es") == text
