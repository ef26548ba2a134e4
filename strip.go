// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"maps"
	"net/http"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// judge finds out who a request comes from. The bearer token of who is signed
// in by it is stripped at once, so that whatever answers a request that is
// refused does not see it either. A token that nobody is signed in by may be
// the application's own, and stays.
func (h *Handler) judge(s *requestState, r *http.Request) (state *authstate.State, fresh bool) {
	state, fresh = s.authenticate(h.authenticator, r)
	if h.StripCredentials && state.Status == authstate.SignedIn && state.HadHeaderToken() {
		delete(r.Header, "Authorization")
	}
	return state, fresh
}

// stripCookies removes Clerk's cookies, before anything is decided: who answers
// a request that is refused, or one that passes unjudged, does not see them
// either.
func (s *requestState) stripCookies(r *http.Request) {
	if s.came == nil {
		s.came = maps.Clone(r.Header)
	}
	authstate.StripCookies(r.Header)
}

// asCame gives the request with the credentials that a gate has stripped, so
// that it and those of other settings can judge by them. The application is
// never given it.
func (s *requestState) asCame(r *http.Request) *http.Request {
	if s.came == nil {
		return r
	}
	came := r.WithContext(r.Context())
	came.Header = s.came
	return came
}
