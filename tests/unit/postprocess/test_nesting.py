"""What is open after a text."""

from __future__ import annotations

import pytest

from jupyter_safecoder.postprocess.nesting import Nesting, opens_block, scan_nesting
from jupyter_safecoder.postprocess.syntax import syntax_of


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("f([x", "python", Nesting(brackets="([")),
        ("f(x))]", "python", Nesting(surplus=2)),
        ("'(", "python", Nesting(quote="'")),
        ("'(\n", "python", Nesting()),  # a single-line string ends with its line
        ('"""(\n', "python", Nesting(quote='"""')),
        (r"'\'", "python", Nesting(quote="'")),
        ("x  # (é", "python", Nesting(comment=4)),
        ("x  # (\n", "python", Nesting()),
        ("x = 1 + \\\n", "python", Nesting(continued=True)),
        ("x /* (", "javascript", Nesting(quote="/*")),
        ("-- (", "sql", Nesting(comment=4)),
    ],
)
def test_scan_nesting(text: str, language: str, expected: Nesting) -> None:
    assert scan_nesting(text, syntax_of(language), Nesting()) == expected


#: Apostrophes and other characters that open nothing, and strings of one language alone: what is
#: open after each text.
_STRINGS: dict[str, list[tuple[str, Nesting]]] = {
    "julia": [
        ("B = A' * (", Nesting(brackets="(")),
        ("x = a.b' + c[1]' - f(x)' .* d'' (", Nesting(brackets="(")),
        ("(A')'(", Nesting(brackets="(")),
        ("c = '(' * '\\'' * '\\u2200' * '\"' [", Nesting(brackets="[")),
        ('s = "a\n(', Nesting(quote='"')),
        ('s = """a\n"(', Nesting(quote='"""')),
        ("#= a (\n b =# (", Nesting(brackets="(")),
        ("`ls (", Nesting(quote="`")),
    ],
    "bash": [
        ("echo it\\'s $(", Nesting(brackets="(")),
        ("echo 'C:\\' (", Nesting(brackets="(")),
        ('echo \\" (', Nesting(brackets="(")),
        ("echo $# ${#list[@]} a#b (", Nesting(brackets="(")),
        ("x=1 # it's (", Nesting(comment=8)),
        ("echo $'it\\'s' (", Nesting(brackets="(")),
        ("cat <<EOF\nit's (\nEOF\necho (", Nesting(brackets="(")),
        ("cat <<-'END'\n\tdon't\n\tEND\n[", Nesting(brackets="[")),
        ("cat <<EOF\nit's", Nesting(quote="<<EOF")),
        ("cat <<< 'a' (", Nesting(brackets="(")),
    ],
    "rust": [
        ("fn f<'a>(x: &'a str) -> &'static str {", Nesting(brackets="{")),
        ("'outer: loop {", Nesting(brackets="{")),
        (
            "let c = '('; let d = '\\''; let e = b'\"'; let f = '\\u{1F600}'; [",
            Nesting(brackets="["),
        ),
        ('let s = r#"a "quoted" ( "#; (', Nesting(brackets="(")),
        ('let s = r#"a " (', Nesting(quote='r#"')),
        ('let s = "a\n (', Nesting(quote='"')),
    ],
    "sql": [
        ("select 'it''s (', (", Nesting(brackets="(")),
        ("select 'C:\\' as path, (", Nesting(brackets="(")),
        ("select 'it\\'s' as a, (", Nesting(brackets="(")),
        ('select "a ""b"" (" from (', Nesting(brackets="(")),
        ("select `a'b` from (", Nesting(brackets="(")),
        ("do $$ it's ( $$; (", Nesting(brackets="(")),
        ("do $body$ it's (", Nesting(quote="$body$")),
        ("where a = 'x\n (", Nesting(quote="'")),
        ("select 1 -- it's (", Nesting(comment=9)),
    ],
    "r": [
        ("x <- `it's`$a[(", Nesting(brackets="[(")),
        ("#' it's roxygen\nf(", Nesting(brackets="(")),
        ("x %in% y %>% f(", Nesting(brackets="(")),
        ('x <- r"(it\'s a " ( )" [', Nesting(brackets="[")),
        ("x <- R'--(a)' b)--' [", Nesting(brackets="[")),
        ("x <- 'a\n(", Nesting(quote="'")),
    ],
    "c++": [
        ("auto n = 1'000'000; f(", Nesting(brackets="(")),
        ("char c = '\\''; char d = '('; char e = '\"'; {", Nesting(brackets="{")),
        ('auto s = R"x(a " )" ( )x"; [', Nesting(brackets="[")),
        ('auto s = R"(a " (', Nesting(quote='R"(')),
    ],
    "go": [
        ("r := '\\''; s := '('; t := `C:\\`; f(", Nesting(brackets="(")),
    ],
    "scala": [
        ("val s = 'symbol; f(", Nesting(brackets="(")),
        ('val c = \'(\'; val d = \'\\\'\'; val t = """C:\\""" [', Nesting(brackets="[")),
    ],
    "javascript": [
        ("s.replace(/['\"(]/g, '(').f(", Nesting(brackets="(")),
        ("const x = a / b / (c", Nesting(brackets="(")),
        ("const t = `it's ${", Nesting(quote="`")),
    ],
    "typescript": [("let s: Map<'a', 'b'> = f(", Nesting(brackets="("))],
    "haskell": [("let x' = foldl' f y' (", Nesting(brackets="("))],
    "f#": [("let f (x: 'a) (y: 'b list) = g(", Nesting(brackets="("))],
    "matlab": [
        ("B = A' * [x' y'] + c(", Nesting(brackets="(")),
        ("s = 'it''s (", Nesting(quote="'")),
    ],
    "powershell": [("echo `' 'it''s' (", Nesting(brackets="("))],
    "text": [("it's don't \" # (", Nesting(brackets="("))],
    "yaml": [("name: it's # a (", Nesting(comment=5))],
    "html": [("<p title='a'>it's (", Nesting(brackets="("))],
    "latex": [("it's 50\\% \\{ f(", Nesting(brackets="("))],
}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [(language, *case) for language, cases in _STRINGS.items() for case in cases],
)
def test_the_strings_of_a_language(language: str, text: str, expected: Nesting) -> None:
    assert scan_nesting(text, syntax_of(language), Nesting()) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, cases in _STRINGS.items() for text, _ in cases],
)
def test_lines_are_scanned_as_the_whole_text(language: str, text: str) -> None:
    syntax, nesting = syntax_of(language), Nesting()
    *lines, last = text.split("\n")
    for line in lines:
        nesting = scan_nesting(line + "\n", syntax, nesting)
    assert scan_nesting(last, syntax, nesting) == scan_nesting(text, syntax, Nesting())


@pytest.mark.parametrize("cut", range(14))
def test_a_scan_continues_where_another_ended(cut: int) -> None:
    text, syntax = 'f(["a", {1: "', syntax_of("python")
    first = scan_nesting(text[:cut], syntax, Nesting())
    assert scan_nesting(text[cut:], syntax, first) == scan_nesting(text, syntax, Nesting())


def test_faults_are_brackets_and_strings_that_do_not_match() -> None:
    assert scan_nesting("f(x]'", syntax_of("python"), Nesting()).faults == 3
    assert scan_nesting("f('x')", syntax_of("python"), Nesting()).faults == 0


@pytest.mark.parametrize(
    ("line", "language", "opens"),
    [
        ("if x:", "python", True),
        ("if x:  # why", "python", True),
        ("x = 1", "python", False),
        ("x = {1:", "python", False),
        ("for f in *; do", "bash", True),
        ("case $x in", "bash", True),
        ("function f(x)", "julia", True),
        ("for i in 1:3 # why", "julia", True),
        ("map(x) do y", "julia", True),
        ("if x; 1 else 2 end", "julia", False),
        ("forest = 1", "julia", False),
        ("if x then", "lua", True),
        ("def f", "ruby", True),
        ("list.each do |x|", "ruby", True),
        ("for k = 1:3", "matlab", True),
        ("it is a fact:", "text", False),
        ("if (x) {", "javascript", False),
    ],
)
def test_opens_block(line: str, language: str, opens: bool) -> None:
    syntax = syntax_of(language)
    assert opens_block(line, scan_nesting(line, syntax, Nesting()), syntax) == opens
