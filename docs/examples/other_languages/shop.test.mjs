// A client's suite in JavaScript, with nothing but Node.js: ENTREPOT_URL says where the sandbox is.
import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"

const url = process.env.ENTREPOT_URL

class ControlPlane {
  async send(method, path, body) {
    const reply = await fetch(`${url}/sandbox${path}`, { method, body: body && JSON.stringify(body) })
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`)
    return reply.status === 204 ? null : reply.json()
  }
  reset = () => this.send("POST", "/reset")
  fail = (target, kind, more) => this.send("POST", "/faults", { target, kind, ...more })
  quota = (door, calls, more) => this.send("POST", "/quotas", { door, calls, ...more })
  advance = (by) => this.send("POST", "/clock", { advance: by })
  snapshot = (name) => this.send("POST", "/snapshots", { name })
  restore = (name) => this.send("POST", `/snapshots/${name}/restore`)
  explain = (id) => this.send("GET", `/explain/${id}`)
  requests = async (query) => (await this.send("GET", `/requests?${new URLSearchParams(query)}`)).requests
}

// The client under test: it tries again when the line breaks, and waits as long as it is told.
class Shop {
  constructor(key, wait) {
    this.key = key
    this.wait = wait
  }
  async send(method, path, body, tries = 3) {
    const headers = { "API-Key": this.key, "Content-Type": "application/json" }
    const request = { method, headers, body: body && JSON.stringify(body) }
    try {
      const reply = await fetch(`${url}/bonsai${path}`, request)
      if (reply.status === 503 && tries > 1) {
        await this.wait(Number(reply.headers.get("retry-after")))
        return this.send(method, path, body, tries - 1)
      }
      return { status: reply.status, id: reply.headers.get("x-request-id"), ...(await reply.json()) }
    } catch (error) {
      if (tries === 1) throw error
      return this.send(method, path, body, tries - 1)
    }
  }
  mug = () => this.send("GET", "/products/?ids=c68yvyl5s1ienexavdwntb1dr&currency=USD")
  order = (changes) => this.send("POST", "/orders/V1/submit", { ...order, ...changes })
}

const order = {
  external_order_id: "js-1",
  customer: { email: "ada@example.com", first_name: "Ada", last_name: "Lovelace" },
  products: [{ public_id: "c68yvyl5s1ienexavdwntb1dr", variant_id: "101", quantity: 1 }],
  shipping_address: {
    first_name: "Ada", last_name: "Lovelace", address1: "1 Main St",
    city: "Toronto", province: "ON", country: "CA", zip: "M5V 2T6",
  },
  payment: {
    method: "external payment", token: "paid-1", currency: "USD",
    amounts: { goods: 25, shipping: 4, taxes: 3.77 },
  },
}
const candle = { products: [{ public_id: "c35g11k92xwf2iiobtnzaw9f7", variant_id: "103", quantity: 1 }] }

const entrepot = new ControlPlane()
const shop = new Shop("demo-api-key", (seconds) => entrepot.advance(`+${seconds}s`))
beforeEach(entrepot.reset)

test("an order is placed", async () => {
  assert.equal((await shop.order()).status, 200)
})

test("a sold out candle is refused, and why", async () => {
  const refused = await shop.order(candle)
  assert.equal(refused.errors[0].code, "OUT_OF_STOCK")
  const [why] = (await entrepot.explain(refused.id)).refusals
  assert.deepEqual(why.rows.map((row) => row.columns.available), [0])
})

test("an order whose answer is lost is placed once", async () => {
  await entrepot.fail("line:bonsai", "drop")
  const again = await shop.order()
  assert.equal(again.errors[0].code, "DUPLICATE_EXTERNAL_ORDER")
  assert.equal((await entrepot.requests({ operation: "submit", outcome: "ok" })).length, 1)
})

test("a client that is told to wait gets its answer", async () => {
  await entrepot.quota("bonsai", 1, { window: 30 })
  await shop.mug()
  assert.equal((await shop.mug()).status, 200)
})

test("two ends of one beginning", async () => {
  await entrepot.snapshot("before")
  assert.equal((await shop.order()).status, 200)
  await entrepot.restore("before")
  assert.equal((await shop.order()).status, 200)
})
