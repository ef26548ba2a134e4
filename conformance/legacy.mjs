// SPDX-License-Identifier: Apache-2.0

// Answers each request on standard input with what getAuthState of npm
// @clerk/backend-core makes of it. The first line is the set-up, each further
// line a case, each line of output an answer, in the same order. Nothing
// touches the network.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
const { subtle } = globalThis.crypto;

// The clock of the case at hand.
let now = 0;
Date.now = () => now;

let setUp;
let current;
const keys = new Map();

// What the package asks its host for.
const importKey = (jwk, algorithm) => subtle.importKey('jwk', jwk, algorithm, true, ['verify']);
const verifySignature = (algorithm, key, signature, data) => subtle.verify(algorithm, key, signature, data);
const decodeBase64 = text => Buffer.from(text, 'base64').toString('binary');

// Finds the key that a token names. A token that cannot be read gets any key,
// so that the package itself refuses it.
async function loadCryptoKey(token) {
  let header;
  try {
    const parts = token.split('.');
    header = parts.length === 3 && JSON.parse(decodeBase64(parts[0]));
  } catch {
    header = undefined;
  }
  if (!header) {
    return keys.values().next().value;
  }
  if (current.keys === 'outage' || !keys.has(header.kid)) {
    throw new Error('no such key');
  }
  return keys.get(header.kid);
}

// The package reads the kind of the instance from the environment, once.
function packageFor(secretKey) {
  for (const path of Object.keys(require.cache)) {
    delete require.cache[path];
  }
  process.env.CLERK_SECRET_KEY = secretKey;
  const { Base } = require('@clerk/backend-core');
  return new Base(importKey, verifySignature, decodeBase64, loadCryptoKey);
}

const packages = { production: packageFor('sk_live_conformance'), development: packageFor('sk_test_conformance') };

// The inputs are taken from a request as @clerk/clerk-sdk-node did at the time,
// and the forwarded protocol, which it did not pass on, likewise.
function inputsOf(request) {
  const headers = name =>
    (request.headers ?? []).filter(([other]) => other === name).map(([, value]) => value.trim());
  const cookies = (request.cookies ?? []).map(pair => pair.join('=')).join('; ');
  const cookie = name => cookies.match(new RegExp(`(?:^|;) *${name}=([^;]*)`))?.[1];
  return {
    cookieToken: cookie('__session'),
    clientUat: cookie('__client_uat'),
    headerToken: headers('Authorization')[0]?.replace('Bearer ', ''),
    origin: headers('Origin').join(', '),
    host: request.host,
    forwardedHost: headers('X-Forwarded-Host')[0],
    forwardedPort: headers('X-Forwarded-Port')[0],
    forwardedProto: headers('X-Forwarded-Proto')[0],
    referrer: headers('Referer')[0],
    userAgent: headers('User-Agent')[0],
    authorizedParties: request.authorizedParties,
    jwtKey: request.keys === 'pem' ? setUp.jwtKey : undefined,
    fetchInterstitial: async () => '<html></html>',
  };
}

// Values that are no strings are written as JSON, to be seen in a difference.
const text = value => (value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value));

async function decide(request) {
  current = request;
  now = request.now;
  try {
    const base = packages[request.development ? 'development' : 'production'];
    const state = await base.getAuthState(inputsOf(request));
    return {
      status: state.status,
      reason: state.errorReason ?? '',
      userId: text(state.sessionClaims?.sub),
      sessionId: text(state.sessionClaims?.sid),
    };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const message = JSON.parse(line);
  if (!setUp) {
    setUp = message;
    for (const jwk of setUp.jwks.keys) {
      keys.set(jwk.kid, await importKey(jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }));
    }
    continue;
  }
  process.stdout.write(JSON.stringify(await decide(message)) + '\n');
}
