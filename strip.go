// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// credentialCookies are Clerk's cookies, but for those that begin with
// clerkCookies. __client is the Frontend API's own, which browsers send to the
// site when that is proxied there.
var credentialCookies = []struct {
	name     string
	suffixed bool
}{
	{"__session", true},
	{"__client_uat", true},
	{"__refresh", true},
	{"__client", false},
}

// clerkCookies begin the names of the rest: __clerk_db_jwt, __clerk_handshake,
// __clerk_redirect_count and so on.
const clerkCookies = "__clerk_"

// cookieSuffixLength is how many characters, of base64url's, Clerk takes of
// the hash of a publishable key to tell the cookies of instances apart.
const cookieSuffixLength = 8

// isCredentialCookie tells whether a cookie is Clerk's, of whatever instance.
func isCredentialCookie(name string) bool {
	if !strings.HasPrefix(name, "__") {
		return false
	}
	if strings.HasPrefix(name, clerkCookies) {
		return true
	}
	for _, cookie := range credentialCookies {
		rest, ok := strings.CutPrefix(name, cookie.name)
		if ok && (rest == "" || cookie.suffixed && isCookieSuffix(rest)) {
			return true
		}
	}
	return false
}

func isCookieSuffix(rest string) bool {
	return len(rest) == 1+cookieSuffixLength && rest[0] == '_' && strings.Trim(rest, base64URL) == ""
}

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

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
	stripCookies(h)
}

func stripCookies(h http.Header) {
	lines := h["Cookie"]
	if !slices.ContainsFunc(lines, hasCredentialCookie) {
		return
	}
	if kept := withoutCredentialCookies(lines); len(kept) > 0 {
		h["Cookie"] = kept
	} else {
		delete(h, "Cookie")
	}
}

// withoutCredentialCookies gives the lines of a Cookie header with all cookies
// but Clerk's as they were, to the byte. They are read as authstate does, at
// semicolons, whatever is between them.
func withoutCredentialCookies(lines []string) []string {
	var kept []string
	for _, line := range lines {
		if hasCredentialCookie(line) {
			line = withoutCredentials(line)
			if strings.Trim(line, "; \t") == "" {
				continue
			}
		}
		kept = append(kept, line)
	}
	return kept
}

func hasCredentialCookie(line string) bool {
	for pair := range strings.SplitSeq(line, ";") {
		if isCredential(pair) {
			return true
		}
	}
	return false
}

func withoutCredentials(line string) string {
	pairs := strings.Split(line, ";")
	first := isCredential(pairs[0])
	line = strings.Join(slices.DeleteFunc(pairs, isCredential), ";")
	if first {
		return strings.TrimLeft(line, " \t")
	}
	return line
}

func isCredential(pair string) bool {
	name, _, ok := strings.Cut(pair, "=")
	return ok && isCredentialCookie(strings.Trim(name, " \t"))
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
