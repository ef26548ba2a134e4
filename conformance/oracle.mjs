// SPDX-License-Identifier: Apache-2.0

// Answers each request on standard input with what Clerk's own backend SDK
// makes of it. The first line is the set-up, each further line a case, each
// line of output an answer, in the same order. Nothing touches the network:
// the Backend API is played here.

import { createInterface } from 'node:readline';

// The package warns on the console, which must not get among the answers. One
// of its messages is the only sign of a redirect loop.
let loop = false;
const listen = (...words) => {
  loop ||= words.some(word => typeof word === 'string' && word.includes('infinite redirect loop'));
};
for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace']) {
  console[name] = listen;
}

// The clock of the case at hand.
let now = 0;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [now] : parts));
  }
  static now() {
    return now;
  }
};

// The package waits between attempts to fetch keys. Here it need not.
globalThis.setTimeout = call => setImmediate(call);

let setUp;
let current;

// What the Backend API was asked about the case at hand.
let refreshed = '';
let asked = '';

const json = (status, body) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

const failure = (status, code) => json(status, { errors: [{ code, message: code, long_message: code }] });

// A played answer, or a dropped connection.
const play = answer => {
  if (!answer) {
    return failure(404, 'resource_not_found');
  }
  if (!answer.status) {
    throw new TypeError('fetch failed');
  }
  const headers = answer.type ? { 'Content-Type': answer.type } : {};
  return new Response(answer.status === 204 ? null : (answer.body ?? ''), { status: answer.status, headers });
};

const machinePaths = ['/api_keys/verify', '/m2m_tokens/verify', '/oauth_applications/access_tokens/verify'];

// The Backend API, as far as the cases go.
globalThis.fetch = async (address, { body } = {}) => {
  const url = new URL(address);
  if (url.pathname === '/v1/jwks') {
    switch (current.options.keys) {
      case 'outage':
        return failure(503, 'unavailable');
      case 'refused':
        return failure(401, 'clerk_key_invalid');
      default:
        return json(200, setUp.jwks);
    }
  }
  if (url.pathname === '/v1/clients/handshake_payload') {
    const directives = current.payloads?.[url.searchParams.get('nonce')];
    return directives ? json(200, { directives }) : failure(404, 'resource_not_found');
  }
  const refresh = /^\/v1\/sessions\/([^/]+)\/refresh$/.exec(url.pathname);
  if (refresh) {
    const { expired_token, refresh_token, request_origin } = JSON.parse(body);
    const suffixed = url.searchParams.get('suffixed_cookies') === 'true';
    refreshed = [refresh[1], suffixed, request_origin, refresh_token, expired_token].join(' ');
    return play(current.refresh);
  }
  if (machinePaths.includes(url.pathname)) {
    const { secret, token, access_token } = JSON.parse(body);
    asked = `${url.pathname} ${secret ?? token ?? access_token}`;
    return play(current.machine);
  }
  throw new Error(`the Backend API has no ${url.pathname} here`);
};

const { createClerkClient } = await import('@clerk/backend');
const { createRedirect } = await import('@clerk/backend/internal');

// The package copies its options onto the context of a request by assignment,
// which calls this setter. The context holds the development browser's token
// and the request's public address, and is not otherwise given out.
let context;
Object.defineProperty(Object.prototype, 'conformanceContext', {
  configurable: true,
  set() {
    context = this;
    if (current.refreshJudged) {
      refreshJudged(context);
    }
  },
});

// Who refreshes a session gets the token that was judged, be it that of the
// header, and everybody else the one that the package prefers.
function refreshJudged(context) {
  Object.defineProperty(context, 'sessionToken', {
    get() {
      const judged = this.tokenInHeader ?? this.sessionTokenInCookie;
      return new Error().stack.includes('at refreshToken') ? judged : this.sessionTokenInCookie || this.tokenInHeader;
    },
  });
}

const clients = new Map();

function clientFor(options) {
  const key = JSON.stringify(options);
  if (!clients.has(key)) {
    const { name, keys, acceptsToken: accepted = ['session_token'], ...others } = options;
    const { signInUrl, clockSkewInMs, authorizedParties, issuer, satelliteAutoSync, organizationSyncOptions, ...rest } = others;
    const acceptsToken = accepted.length === 1 ? accepted[0] : accepted;
    const perRequest = { signInUrl, clockSkewInMs, authorizedParties, issuer, satelliteAutoSync, organizationSyncOptions, acceptsToken };
    Object.defineProperty(perRequest, 'conformanceContext', { value: true, enumerable: true });
    // Keys are kept by API address and secret, so an outage must not share
    // them with the sets of options that have keys.
    clients.set(key, { client: createClerkClient({ ...rest, secretKey: rest.secretKey + (keys ?? '') }), perRequest });
  }
  return clients.get(key);
}

// Values that are no strings are written as JSON, to be seen in a difference.
const text = value => (value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value));

function identityOf(auth) {
  return {
    userId: text(auth?.userId),
    sessionId: text(auth?.sessionId),
    sessionStatus: text(auth?.sessionStatus),
    orgId: text(auth?.orgId),
    orgSlug: text(auth?.orgSlug),
    orgRole: text(auth?.orgRole),
    orgPermissions: auth?.orgPermissions ?? [],
    actor: text(auth?.actor?.sub),
  };
}

function machineOf(auth) {
  return {
    id: text(auth.id),
    subject: text(auth.subject),
    name: text(auth.name),
    clientId: text(auth.clientId),
    scopes: JSON.stringify(auth.scopes ?? []),
  };
}

// Whether it is of use to sign in.
const acceptsSessions = ({ acceptsToken }) =>
  !acceptsToken || acceptsToken.includes('session_token') || acceptsToken.includes('any');

// Query parameters that a return address is better off without.
const handshakeParameters = ['__clerk_handshake', '__clerk_handshake_nonce', '__clerk_db_jwt', '__clerk_help'];

function signInURL(options, sessionStatus, cleanReturn) {
  const back = new URL(context.clerkUrl);
  if (cleanReturn && handshakeParameters.some(name => back.searchParams.has(name))) {
    handshakeParameters.forEach(name => back.searchParams.delete(name));
  }
  return createRedirect({
    publishableKey: options.publishableKey,
    devBrowserToken: context.devBrowserToken,
    redirectAdapter: url => url,
    baseUrl: context.clerkUrl,
    signInUrl: options.signInUrl,
    sessionStatus,
    isSatellite: options.isSatellite,
  }).redirectToSignIn({ returnBackUrl: back });
}

function recordOf(state, { options, cleanReturn }) {
  const auth = state.toAuth();
  const byMachine = state.status === 'signed-in' && state.tokenType !== 'session_token';
  const identity = byMachine ? {} : identityOf(auth);
  const headers = state.headers;
  const record = {
    status: state.status,
    reason: text(state.reason),
    location: text(headers.get('location')),
    cookies: headers.getSetCookie(),
    cacheControl: text(headers.get('cache-control')),
    allowOrigin: text(headers.get('access-control-allow-origin')),
    allowCredentials: text(headers.get('access-control-allow-credentials')),
    authStatus: text(headers.get('x-clerk-auth-status')),
    authReason: text(headers.get('x-clerk-auth-reason')),
    tokenType: text(state.tokenType),
    identity,
    machine: byMachine ? machineOf(auth) : {},
    refreshed,
    asked,
    loop,
  };
  if (acceptsSessions(options) && (state.status !== 'signed-in' || identity.sessionStatus === 'pending')) {
    record.signIn = signInURL(options, identity.sessionStatus, cleanReturn);
  }
  return record;
}

async function answer(request) {
  const { client, perRequest } = clientFor(request.options);
  const headers = new Headers();
  headers.set('host', request.host);
  for (const [name, value] of request.headers ?? []) {
    headers.append(name, value);
  }
  const address = `${request.scheme}://${request.host}${request.target}`;
  const state = await client.authenticateRequest(new Request(address, { method: request.method, headers }), perRequest);
  return recordOf(state, request);
}

async function decide(request) {
  current = request;
  now = request.now;
  loop = false;
  refreshed = asked = '';
  context = undefined;
  try {
    return await answer(request);
  } catch (error) {
    const record = { error: String(error?.message ?? error), tokenType: 'session_token', refreshed, asked };
    if (context && acceptsSessions(request.options)) {
      record.signIn = signInURL(request.options, null, request.cleanReturn);
    }
    return record;
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const message = JSON.parse(line);
  if (!setUp) {
    setUp = message;
    continue;
  }
  process.stdout.write(JSON.stringify(await decide(message)) + '\n');
}
