// SPDX-License-Identifier: Apache-2.0

// Sends each request on standard input through the proxy of Clerk's own backend
// SDK, with the options that the first line has. Each line of output is what the
// proxy answered, in the same order.

import { createInterface } from 'node:readline';

import { clerkFrontendApiProxy } from '@clerk/backend/proxy';

async function answer({ method, url, headers, body }, options) {
  const request = new Request(url, { method, headers, body: body === '' ? undefined : body });
  const response = await clerkFrontendApiProxy(request, options);
  const list = [...response.headers].filter(([name]) => name !== 'set-cookie');
  for (const cookie of response.headers.getSetCookie()) {
    list.push(['set-cookie', cookie]);
  }
  return { status: response.status, headers: list, body: await response.text() };
}

let options;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const message = JSON.parse(line);
  if (!options) {
    options = message;
    continue;
  }
  process.stdout.write(JSON.stringify(await answer(message, options)) + '\n');
}
process.exit(0);
