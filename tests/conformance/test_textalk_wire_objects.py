"""The documented refusals that every class has: patches, values, objects and queries."""

from __future__ import annotations

import pytest

from tests.conformance.harness import Client, Prove, Reply
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.textalk import answers, problems, refusal

CLOTH, HIDDEN, NOWHERE = 102, 105, 2**53 - 1
UNKNOWN = "There is no property with this name."
UNNAMED = "There is no property “{}”."
SHAPE = "A query is true, a key, an array of keys, or an object."


@pytest.mark.row("textalk.9001")
async def test_a_patch_that_breaks_the_schema_is_refused_with_a_pointer_to_each_fault(
    prove: Prove, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin = await shop.administrator()
    poor = {"weight": -1, "name": {"english": "Cloth"}, "hidden": [], "uid": 7, "colour": "red"}
    faults = problems(
        ("/weight", "The value must be at least 0."),
        ("/name/english", UNKNOWN),
        ("/hidden", "The value must be of type boolean."),
        ("/uid", "This property cannot be set."),
        ("/colour", UNKNOWN),
    )

    async def is_stored(reply: Reply) -> None:
        assert reply.json["result"] == {"weight": 1, "hidden": True}
        assert await shop.count("variants", "product = 102 and weight = 1") == 1

    await prove(
        shop.call("Article.set", CLOTH, poor, ["weight", "hidden"], auth=admin),
        refusal(9001, "Validation error", faults),
        mend=shop.call("Article.set", CLOTH, {"weight": 1, "hidden": True}, ["weight", "hidden"], auth=admin),
        effect=is_stored,
    )


@pytest.mark.row("textalk.9002")
async def test_a_text_that_is_no_number_cannot_be_normalized(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    admin = await shop.administrator()
    faults = problems(
        ("/weight", "Texten är inte ett heltal."), ("/hidden", "Texten är varken true eller false.")
    )

    async def is_converted(reply: Reply) -> None:
        assert reply.json["result"] == {"weight": 210, "hidden": True}
        assert await shop.count("variants", "product = 102 and weight = 210") == 1

    poor, right = {"weight": "heavy", "hidden": "perhaps"}, {"weight": "210", "hidden": "true"}
    query = ["weight", "hidden"]
    await prove(
        shop.call("Article.set", CLOTH, poor, query, auth=admin, language="sv"),
        refusal(9002, "Normalization error", faults),
        mend=shop.call("Article.set", CLOTH, right, query, auth=admin, language="sv"),
        effect=is_converted,
    )


@pytest.mark.row("textalk.9003.unknown")
async def test_an_object_that_does_not_exist_is_not_found(prove: Prove, open_webshop: OpenWebshop) -> None:
    shop = await open_webshop()
    await prove(
        shop.call("Article.get", NOWHERE, "uid"),
        refusal(9003, "Object not found."),
        mend=shop.call("Article.get", CLOTH, "uid"),
        effect=answers({"uid": CLOTH}),
        reads=True,
    )


@pytest.mark.row("textalk.9003.unknown")
async def test_an_object_that_was_deleted_is_not_found_until_it_is_made_again(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin = await shop.administrator()
    made = await textalk.send(shop.call("Articlegroup.create", {"name": {"en": "Hats"}}, auth=admin))
    gone = made.json["result"]["uid"]
    await textalk.send(shop.call("Articlegroup.delete", gone, auth=admin))
    await prove(
        shop.call("Articlegroup.delete", gone, auth=admin),
        refusal(9003, "Object not found.", page="row-unknown"),
        mend=shop.call("Articlegroup.delete", 401, auth=admin),
        effect=answers(None),
    )


@pytest.mark.row("textalk.9003.not-visible")
@pytest.mark.parametrize("other", ["visitor", "another buyer", "administrator"])
async def test_a_cart_is_its_own_sessions(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop, other: str
) -> None:
    shop = await open_webshop()
    owner = await shop.session()
    made = await textalk.send(shop.call("Order.addArticle", None, CLOTH, {}, "order", session=owner))
    cart = made.json["result"]["order"]
    context = {
        "visitor": {},
        "another buyer": {"session": await shop.session()},
        "administrator": {"auth": await shop.administrator()},
    }[other]
    await prove(
        shop.call("Order.get", cart, "uid", **context),
        refusal(9003, "Object not found."),
        mend=shop.call("Order.get", cart, "uid", session=owner),
        effect=answers({"uid": cart}),
        reads=True,
    )


@pytest.mark.row("textalk.9003.not-visible")
async def test_a_hidden_article_does_not_exist_for_visitors(
    prove: Prove, textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    admin = await shop.administrator()

    async def show() -> None:
        await textalk.send(shop.call("Article.set", HIDDEN, {"hidden": False}, auth=admin))

    await prove(
        shop.call("Article.get", HIDDEN, "uid"),
        refusal(9003, "Object not found."),
        mend=show,
        effect=answers({"uid": HIDDEN}),
        reads=True,
    )


@pytest.mark.row("textalk.9004")
@pytest.mark.parametrize(
    ("query", "pointer", "message"),
    [
        ("colour", "", UNNAMED.format("colour")),
        (["uid", "colour"], "/1", UNNAMED.format("colour")),
        ({"uid": {"digits": True}}, "/uid", "This property has no properties of its own."),
        ({"name": {"english": True}}, "/name/english", UNNAMED.format("english")),
        ({"articlegroup": {"name": 5}}, "/articlegroup/name", SHAPE),
        (5, "", SHAPE),
    ],
)
async def test_a_malformed_query_is_refused_with_its_place(
    prove: Prove, open_webshop: OpenWebshop, query: object, pointer: str, message: str
) -> None:
    shop = await open_webshop()
    right = {"uid": True, "name": {"en": True}, "articlegroup": {"name": "sv"}}
    whole = {"uid": CLOTH, "name": {"en": "Cotton cloth"}, "articlegroup": {"name": {"sv": "Tyger"}}}
    await prove(
        shop.call("Article.get", CLOTH, query),
        refusal(9004, "Invalid query", problems((pointer, message))),
        mend=shop.call("Article.get", CLOTH, right),
        effect=answers(whole),
        reads=True,
    )
