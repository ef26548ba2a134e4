// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"maps"
	"net/http"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// judge finds out who a request comes from. Credentials are stripped as soon as
// it was judged by them, so that whatever answers a request that is refused
// does not see them either.
func (h *Handler) judge(s *requestState, r *http.Request) (state *authstate.State, fresh bool) {
	if !h.StripCredentials {
		return s.authenticate(h.authenticator, r)
	}
	s.keepCredentials(r)
	state, fresh = s.authenticate(h.authenticator, r)
	stripCredentials(r.Header, state)
	return state, fresh
}

// stripCredentials removes from a request what a gate has judged it by: Clerk's
// cookies, and the bearer token of who is signed in by it. A token that nobody
// is signed in by may be the application's own, and stays.
func stripCredentials(h http.Header, state *authstate.State) {
	if state.Status == authstate.SignedIn && state.HadHeaderToken() {
		delete(h, "Authorization")
	}
	authstate.StripCookies(h)
}

// asCame gives the request with the credentials that a gate before this one
// has stripped, so that a gate of other settings can judge by them. The
// application is never given it.
func (s *requestState) asCame(r *http.Request) *http.Request {
	if s.came == nil {
		return r
	}
	came := r.WithContext(r.Context())
	came.Header = s.came
	return came
}

// keepCredentials sees to it that asCame gives them.
func (s *requestState) keepCredentials(r *http.Request) {
	if s.came == nil {
		s.came = maps.Clone(r.Header)
	}
}
