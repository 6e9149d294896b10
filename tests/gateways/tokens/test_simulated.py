"""The simulated partner: its list decides, per workspace, asked directly or over HTTP."""

import uuid
from collections.abc import AsyncGenerator
from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from entrepot.domain.channels.accounts import ExternalApi
from entrepot.gateways.tokens.http import HttpTokenValidator
from entrepot.gateways.tokens.port import Invalid, NoVerdict, TokenAmounts, TokenQuery, Valid
from entrepot.gateways.tokens.simulated import PartnerReply, SimulatedPartner, answer
from entrepot.store.tables.simulated.partner import partner_tokens
from tests.support.raw_server import http_reply, raw_server


@pytest.fixture
async def pool(postgres_url: str) -> AsyncGenerator[asyncpg.Pool]:
    """The partner's own pool, on its table in a schema of this test's."""
    schema = f"partner_{uuid.uuid4().hex}"
    settings = {"search_path": schema}
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=1, server_settings=settings) as made:
        await made.execute(f"create schema {schema}")
        await made.execute(str(CreateTable(partner_tokens).compile(dialect=postgresql.dialect())))
        yield made
        await made.execute(f"drop schema {schema} cascade")


def query(token: str) -> TokenQuery:
    return TokenQuery(token, "CAD", TokenAmounts(Decimal(0), Decimal(0), Decimal("9.99")))


async def test_a_token_is_good_from_issue_to_revoke(pool: asyncpg.Pool):
    partner = SimulatedPartner(pool, 1)
    assert await partner.validate(query("a")) == Invalid()
    await partner.issue(["a", "b"])
    await partner.issue(["b", "c"])
    assert [await partner.validate(query(token)) for token in "abcd"] == [
        Valid(),
        Valid(),
        Valid(),
        Invalid(),
    ]
    await partner.revoke(["a", "d"])
    assert [await partner.validate(query(token)) for token in "abc"] == [Invalid(), Valid(), Valid()]


async def test_workspaces_do_not_share_tokens(pool: asyncpg.Pool):
    await SimulatedPartner(pool, 1).issue(["a"])
    assert not await SimulatedPartner(pool, 2).knows("a")
    await SimulatedPartner(pool, 2).revoke(["a"])
    assert await SimulatedPartner(pool, 1).knows("a")


async def test_no_token_is_stored_in_the_clear(pool: asyncpg.Pool):
    await SimulatedPartner(pool, 1).issue(["secret-token"])
    [row] = await pool.fetch("select token_hash from partner_tokens")
    assert len(row["token_hash"]) == 32
    assert b"secret" not in row["token_hash"]


async def test_a_list_that_cannot_be_read_gives_no_verdict(pool: asyncpg.Pool):
    await pool.execute("alter table partner_tokens rename to elsewhere")
    partner = SimulatedPartner(pool, 1)
    assert await partner.validate(query("a")) == NoVerdict("the simulated partner cannot reach its list")
    await pool.execute("alter table elsewhere rename to partner_tokens")
    assert await partner.validate(query("a")) == Invalid()


@pytest.mark.parametrize(("known", "verdict"), [(True, Valid()), (False, Invalid())])
async def test_its_http_answer_is_what_the_validator_understands(known: bool, verdict: Valid | Invalid):
    reply: PartnerReply = answer(known)
    async with raw_server(http_reply(reply.body, f"{reply.status} OK")) as server:
        api = ExternalApi(url=server.url, api_key="k", allow_private=True)
        assert await HttpTokenValidator(api).validate(query("a")) == verdict
