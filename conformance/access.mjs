// SPDX-License-Identifier: Apache-2.0

// Answers each case on standard input with what Clerk's own backend SDK says a
// session has. The first line is the set-up, of which there is none, each
// further line a case, each line of output an answer, in the same order.

import { createInterface } from 'node:readline';
import { getAuthObjectFromJwt, reverificationError } from '@clerk/backend/internal';

// The object that a verified token becomes, as authenticateRequest makes it:
// one with a session task left to do is signed out.
function has(payload, params) {
  try {
    return getAuthObjectFromJwt({ raw: { text: '' }, payload }, {}).has(params);
  } catch {
    return null;
  }
}

function answer({ payload, instead, params }) {
  const reference = has(payload, params);
  const body = params.reverification === undefined ? '' : JSON.stringify(reverificationError(params.reverification));
  return { reference, expected: instead ? has(instead, params) : reference, body };
}

let setUp;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const message = JSON.parse(line);
  if (!setUp) {
    setUp = message;
    continue;
  }
  process.stdout.write(JSON.stringify(answer(message)) + '\n');
}
