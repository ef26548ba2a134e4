// SPDX-License-Identifier: Apache-2.0

// Makes each call on standard input with Clerk's own backend SDK, against the
// server that the first line names. Each further line is a call, a string such
// as `users.getUser("user_1")`; each line of output says what became of it.

import { createInterface } from 'node:readline';

import { createClerkClient } from '@clerk/backend';

// The package warns on the console, which must not get among the answers.
for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace']) {
  console[name] = () => {};
}

async function make(call, apiUrl, options) {
  const clerk = createClerkClient({ ...options, apiUrl, telemetry: { disabled: true } });
  try {
    await new Function('clerk', `return clerk.${call}`)(clerk);
    return { error: '' };
  } catch (error) {
    return { error: String(error) };
  }
}

let setUp;
let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const value = JSON.parse(line);
  if (!setUp) {
    setUp = value;
    continue;
  }
  const answer = await make(value, `${setUp.address}/${count++}`, setUp.options);
  process.stdout.write(JSON.stringify(answer) + '\n');
}
process.exit(0);
