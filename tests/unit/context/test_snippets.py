"""The snippets that are picked."""

from __future__ import annotations

from jupyter_safecoder.context.documents import Document, read_document
from jupyter_safecoder.context.snippets import pick_snippets


def _document(path: str, *lines: str) -> Document:
    document = read_document(path, "\n".join(lines))
    assert document is not None
    return document


LOAD = _document("load.py", "meter = load_meter(path, year=2020)", "meter.plot(title='load')")
PRICE = _document("price.py", "tariff = read_tariff(zone)", "cost = tariff.cost(kwh)")
OTHER = _document("other.py", "image = open_image(name)", "pixels = image.resize(width, height)")


def test_what_shares_most_is_first() -> None:
    picked = pick_snippets(["cost = tariff.cost(meter.kwh, zone)"], [LOAD, PRICE, OTHER])
    assert [one.path for one in picked] == ["price.py"]
    assert picked[0].text == "tariff = read_tariff(zone)\ncost = tariff.cost(kwh)\n"


def test_parts_of_identifiers_count() -> None:
    picked = pick_snippets(["readTariff; costOfZone"], [OTHER, PRICE])
    assert [one.path for one in picked] == ["price.py"]


def test_nothing_is_like_an_empty_line() -> None:
    assert pick_snippets([], [LOAD]) == []
    assert pick_snippets(["", "x = 1"], [LOAD]) == []
    assert pick_snippets(["cost = tariff.cost(kwh)"], []) == []


def test_rare_words_count_more() -> None:
    common = [_document(f"{n}.py", f"data = load(path, year)  # {n}") for n in range(5)]
    rare = _document("rare.py", "data = load(path, anemometer)")
    picked = pick_snippets(["data = load(path, year, anemometer)"], [*common, rare])
    assert picked[0].path == "rare.py"


def test_copies_are_picked_once_and_not_of_the_notebook() -> None:
    copy = Document("copy.py", PRICE.snippets)
    lines = ["cost = tariff.cost(kwh, zone)"]
    assert [one.path for one in pick_snippets(lines, [PRICE, copy])] == ["price.py"]
    assert [one.path for one in pick_snippets(lines, [copy, PRICE])] == ["copy.py"]
    assert pick_snippets(lines, [PRICE], known=[PRICE.snippets[0].text]) == []


def test_a_budget() -> None:
    long = _document("long.py", *["cost = tariff.cost(kwh, zone)  # more text"] * 12)
    lines = ["cost = tariff.cost(kwh, zone)"]
    assert [one.path for one in pick_snippets(lines, [long, PRICE], 100)] == ["price.py"]
    assert pick_snippets(lines, [long, PRICE], 10) == []
    many = [
        _document(
            f"{n}.py", f"cost_{n} = tariff_{n}.cost(kwh, zone, tariff)  # a{n} b{n} c{n} d{n}"
        )
        for n in range(9)
    ]
    assert len(pick_snippets(lines, many)) == 3


def test_equal_snippets_are_in_the_order_of_the_documents() -> None:
    first, second = (
        _document(f"{name}.py", f"cost = tariff.cost(kwh)  # {name}a {name}b {name}c")
        for name in ("xx", "yy")
    )
    lines = ["cost = tariff.cost(kwh)"]
    assert [one.path for one in pick_snippets(lines, [first, second])] == ["xx.py", "yy.py"]
    assert [one.path for one in pick_snippets(lines, [second, first])] == ["yy.py", "xx.py"]


def test_the_lines_that_follow_are_picked_too() -> None:
    read = "tariff = read_tariff(zone)\n" + "\n".join(f"print({n})" for n in range(12))
    document = _document(
        "a.py", f"{read}\n\ndef after():\n    return 1\n\n\ndef last():\n    pass\n    pass"
    )
    (picked,) = pick_snippets(["tariff = read_tariff(zone)"], [document])
    assert picked.text == f"{read}\n\ndef after():\n    return 1\n\n\ndef last():\n    pass\n"
