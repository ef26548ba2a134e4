// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/headerfield"
)

// stateVar is the name of the request variable that holds the requestState.
const stateVar = "clerk"

// requestState is what a request was found to be. There is one for a request,
// read by all gates, placeholders and matchers that it meets.
type requestState struct {
	// target is the path and the query that were asked for.
	target string

	// state is nil until a gate has authenticated the request, authKey by which
	// settings it did.
	state   *authstate.State
	authKey string

	// denial is what the person or the program lacks whom the last gate turned
	// away; nil when none did.
	denial *access.Denial

	// payload is what a handshake of this request brought from the instance.
	// It can be had only once, and every gate has to see it.
	payload    []string
	payloadErr error
	payloadOf  *calls

	// gated tells that a gate stands before, be it that it decided the request
	// or that its matcher left it out.
	gated bool

	// came is the header before credentials were stripped; nil if none were.
	came http.Header
}

// String keeps {http.vars.clerk} from printing what the state holds.
func (*requestState) String() string { return "" }

// MarshalJSON keeps logs of all variables from doing so.
func (*requestState) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// prepare gives the request's state. The first time it is asked for, it takes
// out of the request what only the edge may say, and lets the placeholders
// have their values.
//
// What is taken out are the headers of all gates of the configuration, and not
// of those alone that the request meets: the one that refuses it may come
// before the others, and an application that answers in its place, from
// handle_errors, may believe the others' headers. That the first time is the
// only one lets stay what gates, and Caddy's own configuration, set later.
func prepare(r *http.Request, owned []headerfield.Owned) *requestState {
	// Trailers are let go of altogether, each time: a handler before a gate may
	// have replaced the request, as tracing does, and handle_errors goes back to
	// the one from before. They come after the body, when nobody can look at them
	// any more, whether they were announced or not; and applications exist that
	// take them for headers.
	r.Trailer = nil
	ctx := r.Context()
	vars, _ := ctx.Value(caddyhttp.VarsCtxKey).(map[string]any)
	if known, ok := vars[stateVar].(*requestState); ok {
		return known
	}
	s := &requestState{target: originalTarget(r)}
	removeIdentityHeaders(r, owned)
	headerfield.RemoveRequestUpgrade(r.Header)
	if vars != nil {
		vars[stateVar] = s
	}
	if repl, ok := ctx.Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(s.placeholder)
	}
	s.addLogFields(ctx)
	return s
}

// authenticate gives the state of the request under a gate's settings, and
// tells whether it was found just now.
func (s *requestState) authenticate(a *authenticator, r *http.Request) (state *authstate.State, fresh bool) {
	if s.state != nil && s.authKey == a.key {
		return a.sessions.Adopt(s.state), false
	}
	s.state, s.authKey, s.denial = a.authenticate(s.asCame(r), s.target), a.key, nil
	return s.state, true
}

// removeIdentityHeaders deletes what a client must not say of itself, in every
// spelling that an application could take for it.
//
// Of several Authorization lines the first is kept, which is the one that is
// verified: the application must not be given another.
func removeIdentityHeaders(r *http.Request, owned []headerfield.Owned) {
	for name := range r.Header {
		if clerkHeaders.Covers(name) || headerfield.IsOwned(owned, name) {
			delete(r.Header, name)
		}
	}
	if lines := r.Header["Authorization"]; len(lines) > 1 {
		r.Header["Authorization"] = lines[:1]
	}
}
