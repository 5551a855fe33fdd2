from jupyter_safecoder.finetune.samples.static_modules import static_modules
from jupyter_safecoder.protocol import Cell

LOAD = 'def load(path, sep=","):\n    """Read a table."""\n    return open(path).read().split(sep)'
SCALE = "import math\n\ndef scale(values: list, factor: float = 1.0):\n    return values"


def cells(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell("code", source) for source in sources)


def test_cells_that_define_become_imports_of_a_module() -> None:
    above = cells("path = 'a.csv'", LOAD, SCALE)
    before, (module,) = static_modules(above, "t = scale(load(path), 2.0)")
    assert [cell.source for cell in before] == [
        "path = 'a.csv'",
        "from helpers import load",
        "from helpers import scale",
    ]
    assert module.path == "helpers.py"
    assert 'def load(path, sep=","):' in module.text.replace("'", '"')
    assert "Read a table." in module.text
    assert "def scale(values: list, factor: float=1.0)" in module.text.replace(" = ", "=")
    assert "open(path)" not in module.text, "a stub has no bodies"


def test_what_the_current_cell_mentions_is_in_front() -> None:
    above = cells(LOAD, SCALE)
    texts = [static_modules(above, name)[1][0].text for name in ("load", "scale")]
    assert [text.index("def load") < text.index("def scale") for text in texts] == [True, False]


def test_other_cells_stay_as_they_are() -> None:
    above = (
        *cells("def f():\n    return 1\n\nf()", "%matplotlib inline", "def broken(", "import math"),
        Cell("markdown", LOAD),
    )
    assert static_modules(above, "f()") == (above, ())


def test_a_module_of_many_functions_is_bounded() -> None:
    above = cells(*(f"def name_{n}(a, b, c):\n    return a" for n in range(300)))
    _, (module,) = static_modules(above, "name_299(1, 2, 3)")
    assert "name_299" in module.text.splitlines()[0]
    assert len(module.text) <= 1_500
