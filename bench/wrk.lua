-- SPDX-License-Identifier: Apache-2.0

-- Sends one request for each line of a file. The line is a header of its own;
-- those that all requests have in common come as arguments.
--
--   wrk … -s wrk.lua URL -- FILE HEADER…

local threads = {}

function setup(thread)
	table.insert(threads, thread)
end

local file, head

-- How often the file was begun again. It is global, since that is what done()
-- can ask of a thread.
rounds = 0

function init(args)
	file = assert(io.open(args[1], "r"))
	file:setvbuf("full", 65536)
	local lines = { "GET " .. wrk.path .. " HTTP/1.1", "Host: " .. wrk.headers["Host"] }
	for i = 2, #args do
		table.insert(lines, args[i])
	end
	head = table.concat(lines, "\r\n") .. "\r\n"
end

-- wrk calls it once before it begins, and does not send what it gets then.
function request()
	local line = file:read("*l")
	if not line then
		rounds = rounds + 1
		file:seek("set", 0)
		line = file:read("*l")
	end
	return head .. line .. "\r\n\r\n"
end

function done(summary, latency)
	local begun = 0
	for _, thread in ipairs(threads) do
		begun = begun + thread:get("rounds")
	end
	local e = summary.errors
	io.write(string.format(
		"summary requests=%d duration=%d status=%d connect=%d read=%d write=%d timeout=%d rounds=%d p50=%d p99=%d\n",
		summary.requests, summary.duration, e.status, e.connect, e.read, e.write, e.timeout, begun,
		latency:percentile(50), latency:percentile(99)))
end
