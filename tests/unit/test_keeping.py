"""What the integration log keeps of bodies: what is declared, without what is secret."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from entrepot.doors.kit import CallKeeps, Keeps
from entrepot.integration_log import masking
from entrepot.integration_log.known_secrets import HIDDEN, KnownSecrets
from entrepot.integration_log.masking import LONGEST, LONGEST_READ, Body


def kept(body: bytes, hidden: tuple[str, ...] | None) -> Body | None:
    secrets = KnownSecrets()
    return masking.kept(masking.opened(body, hidden, secrets), secrets)


def text_of(value: Any, hidden: tuple[str, ...] | None) -> Any:
    body = kept(json.dumps(value).encode(), hidden)
    assert body is not None
    return None if body.text is None else json.loads(body.text)


def test_an_operation_that_declares_nothing_keeps_no_body() -> None:
    body = kept(b'{"a":1}', None)
    assert body is not None
    assert (body.size, body.text, body.sha256) == (7, None, None)
    assert kept(b"", ()) is None


@pytest.mark.parametrize(
    ("pointer", "shown"),
    [
        ("/a", {"a": HIDDEN, "b": [{"c": 1}, {"c": 2}]}),
        ("/b/0/c", {"a": {"x": 1}, "b": [{"c": HIDDEN}, {"c": 2}]}),
        ("/b/*/c", {"a": {"x": 1}, "b": [{"c": HIDDEN}, {"c": HIDDEN}]}),
        ("/*", {"a": HIDDEN, "b": HIDDEN}),
        ("/none/there", {"a": {"x": 1}, "b": [{"c": 1}, {"c": 2}]}),
        ("", HIDDEN),
    ],
)
def test_what_a_pointer_leads_to_is_hidden(pointer: str, shown: Any) -> None:
    assert text_of({"a": {"x": 1}, "b": [{"c": 1}, {"c": 2}]}, (pointer,)) == shown


@pytest.mark.parametrize(
    "name", ["password", "oldPassword", "client_secret", "stripeClientSecrets", "accessToken", "api_key", "API-Key",
             "Authorization", "cvc", "card_number", "auth", "session", "passphrase", "passcode", "pwd", "userPwd",
             "pass", "credentials", "cookie", "Set-Cookie"],
)  # fmt: skip
@pytest.mark.parametrize("secret", ["s3cret", 4242424242424242, 123, 1.5])
def test_members_that_are_called_secret_are_hidden_wherever_they_stand(name: str, secret: Any) -> None:
    assert text_of({"a": [{name: secret}], name: [secret]}, ()) == {"a": [{name: HIDDEN}], name: HIDDEN}


@pytest.mark.parametrize("name", ["compass", "passenger", "passed", "bypass"])
def test_members_that_only_sound_so_are_told(name: str) -> None:
    assert text_of({name: "x", "password": None, "has_token": True}, ()) == {
        name: "x",
        "password": None,
        "has_token": True,
    }


def test_a_member_that_is_there_twice_hides_nothing_behind_the_second() -> None:
    body = kept(b'{"payment":{"token":"s3cret"},"payment":null}', ("/payment/token",))
    assert body is not None
    assert body.text == '{"payment":null}'


def test_numbers_keep_their_digits() -> None:
    body = kept(b'{"price":10.10,"more":1e2,"big":123456789012345678901}', ())
    assert body is not None
    assert body.text is not None
    assert '"price":10.10' in body.text
    assert "123456789012345678901" in body.text


def test_what_does_not_parse_is_kept_as_length_digest_and_place() -> None:
    broken = b'{"token": "s3cret", }'
    body = kept(broken, ())
    assert body is not None
    assert (body.size, body.text) == (len(broken), None)
    assert body.sha256 == hashlib.sha256(broken).hexdigest()
    assert "byte" in body.why
    assert "s3cret" not in body.why


def test_of_a_long_body_the_beginning_is_kept_and_of_a_huge_one_nothing() -> None:
    long = kept(json.dumps(["x" * 1_000] * 100).encode(), ())
    assert long is not None
    assert long.text is not None
    assert (len(long.text), long.cut) == (LONGEST, True)
    huge = kept(b'"' + b"x" * LONGEST_READ + b'"', ())
    assert huge is not None
    assert (huge.text, huge.size) == (None, LONGEST_READ + 2)


@pytest.mark.parametrize("depth", [99, 101, 20_000])
def test_depth_is_no_trap(depth: int) -> None:
    body = kept(b"[" * depth + b"]" * depth, ("/*/*",))
    assert body is not None
    assert (body.text is None) == (depth > 100)


METHODS = {"login": CallKeeps(params=("/1",)), "token": CallKeeps(result=("",)), "get": CallKeeps()}
CALLS = Keeps(calls=METHODS.get)


def call(method: Any, *params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def messages(request: Any, reply: Any) -> tuple[Any, Any]:
    asked, secrets = json.dumps(request).encode(), KnownSecrets()
    sent = masking.opened_calls(asked, CALLS, secrets, reply=False)
    answered = masking.opened_calls(json.dumps(reply).encode(), CALLS, secrets, reply=True, of=asked)
    shown, told = masking.kept(sent, secrets), masking.kept(answered, secrets)
    assert shown is not None
    assert told is not None
    assert shown.text is not None
    assert told.text is not None
    return json.loads(shown.text), json.loads(told.text)


def test_parameters_are_hidden_by_place_and_results_by_pointer() -> None:
    asked, told = messages(call("login", "ada", "s3cret"), {"id": 1, "result": {"uid": 7}})
    assert (asked["params"], told["result"]) == (["ada", HIDDEN], {"uid": 7})
    asked, told = messages(call("token"), {"id": 1, "result": "s3cret"})
    assert told["result"] == HIDDEN


def test_a_call_that_nobody_declared_keeps_neither_parameters_nor_result() -> None:
    for method in ("unknown", None, 7):
        asked, told = messages(call(method, "s3cret"), {"id": 1, "result": "s3cret"})
        assert (asked["params"], told["result"]) == (HIDDEN, HIDDEN)


@pytest.mark.parametrize(
    ("method", "shown"),
    [
        ("Article.gett", "Article.gett"),
        ("a-secret-in-the-wrong-place", HIDDEN),
        ("Admin.login?password=a-long-secret", HIDDEN),
        (["a-secret-in-a-list"], HIDDEN),
    ],
)
def test_a_method_that_nobody_declared_is_kept_only_if_it_is_called_like_one(method: Any, shown: Any) -> None:
    error = {"code": -32601, "message": f"There is no method {method}"}
    asked, told = messages(call(method), {"id": 1, "error": error})
    assert asked["method"] == shown
    assert ("secret" in str(told)) is False
    assert told["error"]["code"] == -32601


def test_what_is_no_call_is_kept_only_if_it_can_be_no_secret() -> None:
    asked, _ = messages(["a-long-secret", 7, None, [["a-long-secret"]]], [])
    assert asked == [HIDDEN, 7, None, HIDDEN]


def test_a_secret_that_is_repeated_is_hidden_by_its_value() -> None:
    secret = 'a-"long"-sécret'
    value = {"password": secret, "note": f"it is {secret}!", secret: 1, "list": [[secret]], "n": 12345678}
    hidden = f"it is {HIDDEN}!"
    assert text_of(value, ()) == {
        "password": HIDDEN, "note": hidden, HIDDEN: 1, "list": [[HIDDEN]], "n": 12345678,
    }  # fmt: skip
    asked, told = messages(
        call("login", "ada", "a-long-secret"), {"id": 1, "error": {"message": "a-long-secret is wrong"}}
    )
    assert (asked["params"], told["error"]) == (["ada", HIDDEN], {"message": f"{HIDDEN} is wrong"})


def test_a_secret_that_is_a_number_elsewhere_is_hidden_too() -> None:
    assert text_of({"token": "4929123456", "n": 4929123456}, ()) == {"token": HIDDEN, "n": HIDDEN}
    assert text_of({"pwd": 4929123456, "n": ["no. 4929123456"]}, ()) == {
        "pwd": HIDDEN,
        "n": [f"no. {HIDDEN}"],
    }


def test_what_may_stand_anywhere_by_chance_hides_nothing_else() -> None:
    value = {"password": "short", "a": "short", "token": "********", "b": "********"}
    assert text_of(value, ()) == {"password": HIDDEN, "a": "short", "token": HIDDEN, "b": "********"}


def test_in_a_batch_an_answer_hides_what_any_call_of_it_hides() -> None:
    asked, told = messages(
        [call("get"), call("token"), 7], [{"id": 1, "result": "a"}, {"id": 1, "result": "s3cret"}]
    )
    assert [each["result"] for each in told] == [HIDDEN, HIDDEN]
    assert asked[2] == 7
