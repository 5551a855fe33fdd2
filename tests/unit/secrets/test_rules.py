"""Every rule of ``rules.toml`` finds the secret of a case, by its form alone."""

from __future__ import annotations

import pytest

from jupyter_safecoder.secrets.rules import Rule, find_by_form, load_rules
from tests.support.secret_cases import CASES, code_with_secret, value


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.id)
def test_a_rule_finds_the_secret_of_a_case(rule: Rule) -> None:
    found = [
        case["kind"]
        for case in CASES
        for secret in rule.find(code_with_secret(case))
        if secret.value in value(case) or value(case) in secret.value
    ]
    assert found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["kind"])
def test_keywords_leave_nothing_out(case: dict[str, object]) -> None:
    text = code_with_secret(case)
    expected = {secret for rule in load_rules() for secret in rule.find(text)}
    assert set(find_by_form(text)) == expected


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in load_rules()]
    assert len(ids) == len(set(ids))


def test_a_token_within_a_word_is_none() -> None:
    token = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
    assert [secret.value for secret in find_by_form(f"x = '{token}'")] == [token]
    assert not list(find_by_form(f"x = 'not{token}'"))


def test_each_line_of_a_private_key_is_a_secret() -> None:
    line = "MIIEowIBAAKCAQEA7v3Qm8Zk"
    key = f"-----BEGIN RSA PRIVATE KEY-----\\n{line}\\n-----END RSA PRIVATE KEY-----"
    assert line in {secret.value for secret in find_by_form(f"key = '{key}'")}


@pytest.mark.parametrize(
    "text",
    [
        "APBuilderFactory(ApplicationProtocol, APIntegrationTests)",
        "cosine_distance('a', 'b'); ibm = read('ibm.csv')",
        "slope = 1; softlayer_norm = LayerNorm(64)",
        "MainModuleNameThatIsLong.method.another_attribute_name",
        "EAAA = 3; sq0 = 4",
    ],
)
def test_words_that_begin_like_a_key(text: str) -> None:
    assert not list(find_by_form(text))
