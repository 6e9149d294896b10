-- Sends orders: wrk -s submit.lua URL -- PATH TEMPLATE TARGETS RUN TOKENS
-- TEMPLATE is a file with a body, TARGETS one with a key, a product and a variant per line. RUN starts every number of
-- this load; TOKENS is how payment tokens look, with %d for the number of the order.

local path, body, run, tokens, first
local targets, count = {}, 0

function init(args)
  path, run, tokens, first = args[1], args[4], args[5], tonumber(args[6])
  body = io.open(args[2]):read("*a")
  for line in io.lines(args[3]) do
    local key, product, variant = line:match("^(%S+) (%S+) (%S+)$")
    targets[#targets + 1] = { key, product, variant }
  end
  math.randomseed(first + os.time())
end

function request()
  local target = targets[math.random(#targets)]
  count = count + 1
  local values = {
    ["@product"] = target[2], ["@variant"] = target[3],
    ["@token"] = string.format(tokens, first + count), ["@number"] = run .. count,
  }
  local headers = { ["API-Key"] = target[1], ["Content-Type"] = "application/json" }
  return wrk.format("POST", path, headers, (body:gsub("@%a+", values)))
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    "\n{\"requests\":%d,\"seconds\":%.6f,\"refused\":%d,\"lost\":%d,\"p50\":%.3f,\"p99\":%.3f}\n",
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
