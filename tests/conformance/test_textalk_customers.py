"""The documented refusals of customers at the Textalk door, each proven by a state in which it truly fails."""

from __future__ import annotations

import pytest

from tests.conformance.harness import Client, Prove, Reply
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.textalk import answers, refusal
from tests.support.webshop import PASSWORD, Webshop, patch

EVA, ADA = "eva@example.com", "ada@example.com"


async def signed_up(textalk: Client, shop: Webshop, email: str = EVA) -> tuple[int, str]:
    """The uid of somebody who has signed up, and the code that was mailed."""
    reply = await textalk.send(shop.call("Customer.signup", patch(email)))
    return reply.json["result"]["uid"], await shop.code(email)


async def joined(textalk: Client, shop: Webshop, email: str = EVA) -> int:
    """The uid of somebody who has signed up and confirmed it."""
    uid, code = await signed_up(textalk, shop, email)
    assert (await textalk.send(shop.call("Customer.confirmSignup", code))).json["result"] == {"uid": uid}
    return uid


@pytest.mark.row("textalk.3001")
async def test_login_fails_with_a_wrong_password(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    uid, session = await joined(textalk, shop), await shop.session()
    await prove(
        shop.call("Customer.login", EVA, "wrong password", session=session),
        refusal(3001, "Login failed", page="login-failed"),
        mend=shop.call("Customer.login", EVA, PASSWORD, session=session),
        effect=answers({"uid": uid}),
    )


@pytest.mark.row("textalk.3001")
async def test_login_fails_for_who_is_not_approved(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    uid, session, admin = await joined(textalk, shop), await shop.session(), await shop.administrator()

    async def approve(*, approved: bool = True) -> None:
        await textalk.send(shop.call("Customer.set", uid, {"approved": approved}, auth=admin))

    await approve(approved=False)
    await prove(
        shop.call("Customer.login", EVA, PASSWORD, session=session),
        refusal(3001, "Login failed", page="login-failed"),
        mend=approve,
        effect=answers({"uid": uid}),
    )


@pytest.mark.row("textalk.3001")
async def test_login_fails_for_who_has_not_confirmed(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    session = await shop.session()
    uid, code = await signed_up(textalk, shop)

    async def confirm() -> None:
        await textalk.send(shop.call("Customer.confirmSignup", code))

    await prove(
        shop.call("Customer.login", EVA, PASSWORD, session=session),
        refusal(3001, "Login failed", page="login-failed"),
        mend=confirm,
        effect=answers({"uid": uid}),
    )


@pytest.mark.row("textalk.3002")
async def test_a_reset_code_that_is_not_the_mailed_one_is_bad(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    uid, session = await joined(textalk, shop), await shop.session()
    await textalk.send(shop.call("Customer.requestPasswordReset", EVA))
    code = await shop.code(EVA)

    async def lets_in(reply: Reply) -> None:
        assert reply.json["result"] is None
        login = shop.call("Customer.login", EVA, "battery staple", session=session)
        assert (await textalk.send(login)).json["result"] == {"uid": uid}

    await prove(
        shop.call("Customer.resetPassword", code[::-1], "battery staple"),
        refusal(3002, "Bad reset code", page="reset-code-invalid"),
        mend=shop.call("Customer.resetPassword", code, "battery staple"),
        effect=lets_in,
    )


@pytest.mark.row("textalk.3003")
async def test_a_signup_code_that_is_not_the_mailed_one_is_bad(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    uid, code = await signed_up(textalk, shop)
    await prove(
        shop.call("Customer.confirmSignup", code[::-1]),
        refusal(3003, "Bad signup code", page="signup-code-invalid"),
        mend=shop.call("Customer.confirmSignup", code),
        effect=answers({"uid": uid}),
    )


@pytest.mark.parametrize(
    ("password", "language", "reason"),
    [
        pytest.param(
            "x" * 7,
            "en",
            "A password has at least 8 characters.",
            marks=pytest.mark.row("textalk.3004", case="too short"),
        ),
        pytest.param(
            "x" * 129,
            "sv",
            "Ett lösenord har högst 128 tecken.",
            marks=pytest.mark.row("textalk.3004", case="too long"),
        ),
    ],
)
async def test_a_password_of_the_wrong_length_is_invalid(
    prove: Prove, open_webshop: OpenWebshop, password: str, language: str, reason: str
) -> None:
    shop = await open_webshop()

    async def waits_for_its_code(reply: Reply) -> None:
        assert reply.json["result"].keys() == {"uid"}
        assert len(await shop.letters(EVA)) == 1

    allowed = "x" * min(max(len(password), 8), 128)
    await prove(
        shop.call("Customer.signup", patch(password=password), language=language),
        refusal(3004, "Invalid password", reason, page="password-invalid"),
        mend=shop.call("Customer.signup", patch(password=allowed), language=language),
        effect=waits_for_its_code,
    )


@pytest.mark.row("textalk.3005")
async def test_a_customer_who_exists_cannot_sign_up(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    uid, admin = await joined(textalk, shop), await shop.administrator()

    async def remove() -> None:
        await textalk.send(shop.call("Customer.delete", uid, auth=admin))

    async def is_another(reply: Reply) -> None:
        assert reply.json["result"]["uid"] != uid
        await shop.letters(EVA)

    await prove(
        shop.call("Customer.signup", patch(EVA.upper())),
        refusal(3005, "Customer already exists", page="customer-exists"),
        mend=remove,
        effect=is_another,
    )


@pytest.mark.row("textalk.3006")
async def test_a_customer_who_was_removed_cannot_be_confirmed(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin = await shop.administrator()
    gone, code = await signed_up(textalk, shop)
    uid, good = await signed_up(textalk, shop, ADA)
    await textalk.send(shop.call("Customer.delete", gone, auth=admin))
    await prove(
        shop.call("Customer.confirmSignup", code),
        refusal(3006, "Confirmation failed", page="confirmation-failed"),
        mend=shop.call("Customer.confirmSignup", good),
        effect=answers({"uid": uid}),
    )


@pytest.mark.row("textalk.3006")
async def test_a_customer_is_confirmed_once(prove: Prove, textalk: Client, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    _, code = await signed_up(textalk, shop)
    uid, good = await signed_up(textalk, shop, ADA)
    await textalk.send(shop.call("Customer.confirmSignup", code))
    await prove(
        shop.call("Customer.confirmSignup", code),
        refusal(3006, "Confirmation failed", page="confirmation-failed"),
        mend=shop.call("Customer.confirmSignup", good),
        effect=answers({"uid": uid}),
    )


@pytest.mark.row("textalk.1008")
async def test_logging_in_needs_a_session(prove: Prove, textalk: Client, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    uid, session = await joined(textalk, shop), await shop.session()
    await prove(
        shop.call("Customer.login", EVA, PASSWORD),
        refusal(1008, "Session missing"),
        mend=shop.call("Customer.login", EVA, PASSWORD, session=session),
        effect=answers({"uid": uid}),
    )
