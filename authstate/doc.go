// SPDX-License-Identifier: Apache-2.0

// Package authstate finds out who a request comes from, the way Clerk's own
// backend SDK does: an *http.Request goes in, an authentication State comes
// out. It knows no Caddy.
//
// A session token travels in the Authorization header or in a cookie, and
// lives for a minute. When a browser asks for a document and its token is
// missing, old or doubtful, the answer is a handshake: a redirect through
// Clerk's Frontend API, which comes back with fresh cookies
// (https://clerk.com/docs/guides/how-clerk-works/overview). For every request
// the status, the reason, the redirect and the cookies are those of npm's
// @clerk/backend; where this package is stricter on purpose, docs/security.md
// says so.
//
// Beside session tokens, API keys, M2M tokens and OAuth tokens can be accepted
// (Options.AcceptsToken), in the Authorization header alone. What has to be asked
// of Clerk for a request, that is the nonce of a handshake, a refreshed session
// or an opaque machine token, is asked through small interfaces: anybody can send
// such requests, and package guard bounds what comes of them.
//
// A State is signed-in, signed-out or a handshake. Whoever guards something
// lets pass what is signed-in and not pending, redirects when the State has a
// Location, and refuses everything else.
package authstate
