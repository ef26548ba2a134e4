// SPDX-License-Identifier: Apache-2.0

// Package legacy finds out who a request comes from by the protocol that
// Clerk's SDKs had before the handshake: the state machine getAuthState of npm
// @clerk/backend-core 2.13.2. It is a protocol of its own beside package
// authstate, for front ends with a Clerk.js of that time.
//
// A State is "Signed in", "Signed out" or "Interstitial". The last means that
// Clerk.js must find out: whoever guards something answers 401 with a page of
// Clerk's that loads it, and which then comes back with fresh cookies. A
// PageCache holds that page.
//
// The reference is given its inputs by the SDK around it. Here they come from
// the request, as @clerk/clerk-sdk-node of that time took them:
//
//	headerToken      Authorization, less "Bearer "; any other value is taken whole
//	cookieToken      the first cookie __session; that version knows no suffixes
//	clientUat        the first cookie __client_uat
//	origin           Origin
//	referrer         Referer
//	userAgent        User-Agent
//	host             Options.PublicURL
//	forwardedHost    Options.PublicURL, which knows whom to believe
//	forwardedPort    Options.PublicURL
//	forwardedProto   Options.PublicURL
//
// Where this package differs from the reference on purpose, docs/legacy.md says
// so.
package legacy
