"""What administrators do beyond the common pattern: tokens, articles in their groups and quantities, and the tree."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doors.textalk.served import ADMIN_NAME, ADMIN_PASSWORD, STRICT, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def logged_in(api: Api) -> Api:
    return api.as_(auth=await api("Admin.login", ADMIN_NAME, ADMIN_PASSWORD))


async def group(api: Api, name: str, **more: Any) -> int:
    return (await api.admin("Articlegroup.create", {"name": {"en": name}, **more}))["uid"]


def pointers(error: dict[str, Any]) -> tuple[int, list[str]]:
    return error["code"], [problem["pointer"] for problem in error["data"]]


async def test_a_new_token_is_answered_once_whatever_the_query(api: Api) -> None:
    admin = await logged_in(api)
    made = await admin("AuthToken.create", {"name": "till"}, True)
    assert made["active"]
    assert await api.as_(auth=made["uid"])("Discountcode.count") == 0
    (kept,) = await admin("AuthToken.list", True, {"filters": {"/name": "till"}})
    assert {**kept, "uid": made["uid"]} == made
    assert await admin.code("AuthToken.set", made["uid"], {"active": False}) == 9003
    assert await admin.code("AuthToken.set", str(2**62 + int(kept["uid"])), {"active": False}) == 9003
    await admin("AuthToken.set", kept["uid"], {"active": False})
    assert await api.as_(auth=made["uid"]).code("Discountcode.count") == 1004


async def test_a_token_may_be_made_inactive(api: Api) -> None:
    admin = await logged_in(api)
    made = await admin("AuthToken.create", {"name": "later", "active": False}, ["uid", "active"])
    assert made["active"] is False
    assert await api.as_(auth=made["uid"]).code("Discountcode.count") == 1004


async def test_another_shops_administrator_is_nobody_here(api: Api) -> None:
    name = ADMIN_NAME, ADMIN_PASSWORD
    assert await api.as_(webshop=STRICT).code("Admin.login", *name) == 1007
    update = (
        "update channels set settings = jsonb_set(settings, '{door,demands_tls}', 'false') where name = $1"
    )
    await api.connection.execute(update, str(STRICT))
    try:
        assert await api.as_(webshop=STRICT).code("Admin.login", *name) == 3001
    finally:
        await api.connection.execute(update.replace("'false'", "'true'"), str(STRICT))
    assert await api("Admin.login", *name)


async def test_an_article_is_shown_in_its_own_group(api: Api) -> None:
    one, other = await group(api, "one"), await group(api, "other")
    patch: dict[str, Any] = {"name": {"en": "Towel"}, "articlegroup": one, "showInArticlegroups": [other]}
    wrong = (9001, ["/articlegroup"])
    assert pointers(await api.admin.refused("Article.create", patch)) == wrong
    assert (await api.admin("Article.validate", None, patch))[0]["pointer"] == "/articlegroup"
    uid = (await api.admin("Article.create", patch | {"showInArticlegroups": [one, other]}))["uid"]
    assert pointers(await api.admin.refused("Article.set", uid, {"showInArticlegroups": [other]})) == wrong
    await api.admin("Article.set", uid, {"articlegroup": other})
    nowhere = await api.admin.refused("Article.set", uid, {"articlegroup": None})
    assert pointers(nowhere) == (9001, ["/showInArticlegroups"])


async def test_the_step_of_a_new_article_says_how_finely_it_is_counted(api: Api) -> None:
    stock = {"useStock": True, "stock": 2.5}
    patch = {"name": {"en": "Ribbon"}, "quantityInfo": {"divisibleBy": 0.25}, "stock": stock}
    made = await api.admin("Article.create", patch, ["uid", "quantityInfo", "stock"])
    assert (made["quantityInfo"], made["stock"]) == ({"divisibleBy": 0.25}, stock)
    finer = {"quantityInfo": {"divisibleBy": 0.125}, "stock": {"stock": 0.001}}
    error = await api.admin.refused("Article.set", made["uid"], finer)
    assert pointers(error) == (9001, ["/quantityInfo/divisibleBy", "/stock/stock"])
    await api.admin("Article.set", made["uid"], {"quantityInfo": {"divisibleBy": 0.05}})


async def test_a_deleted_article_is_not_there_for_changes_either(api: Api) -> None:
    uid = (await api.admin("Article.create", {"name": {"en": "Gone"}}))["uid"]
    await api.admin("Article.delete", uid)
    for method, *params in (("set", {"hidden": False}), ("validate", {}), ("delete",)):
        assert await api.admin.code(f"Article.{method}", uid, *params) == 9003, method


async def test_the_tree_holds_what_the_query_names_and_survives_a_circle(api: Api) -> None:
    top = await group(api, "top")
    below = await group(api, "below", parent=top)
    tree = "Articlegroup.tree"
    (named,) = await api(tree, top, {"name": "en"})
    assert named == {"name": {"en": "top"}, "children": [{"name": {"en": "below"}, "children": []}]}
    (whole,) = await api(tree, below, True)
    assert (whole["parent"], whole["position"]) == (top, 0)
    (expanded,) = await api(tree, below, {"parent": {"name": "en"}})
    assert expanded == {"parent": {"name": {"en": "top"}}, "children": []}
    assert pointers(await api.refused(tree, None, ["nom"])) == (9004, ["/0"])
    assert pointers(await api.refused(tree, None, True, {"limit": -1})) == (-32602, ["/2/limit"])
    # No call makes a circle any more; a database of an older release may hold one.
    await api.connection.execute("update article_groups set parent_group = $1 where id = $2", below, top)
    (first,) = await api(tree, top, "uid")
    assert first == {"uid": top, "children": [{"uid": below, "children": []}]}


@pytest.mark.parametrize(
    ("query", "place"), [([{"a": 1}], "/0"), ({"nom": True}, "/nom"), ({"auth": ["x"]}, "/auth"), (5, "")]
)
async def test_a_bad_query_of_the_context_is_located(api: Api, query: object, place: str) -> None:
    assert pointers(await api.refused("Context.get", query)) == (9004, [place])
    assert await api("Context.set", {"webshop": None}, ["webshop"]) == {"webshop": None}
