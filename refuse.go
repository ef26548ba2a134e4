// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// retryAfter is how many seconds a client is asked to wait when Clerk's keys
// could not be had.
const retryAfter = "5"

// refuse answers who is not let in: a redirect to where that can be changed,
// or an error that handle_errors can dress.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, s *authstate.State) error {
	header := w.Header()
	prepareRefusal(header)
	reason := s.Reason
	if s.IsPending() {
		reason = authstate.ReasonSessionPending
		authstate.SetReason(header, string(authstate.SignedOut), reason, pendingMessage)
	}
	switch {
	case s.Unavailable:
		header.Set("Retry-After", retryAfter)
		return refusal(http.StatusServiceUnavailable, reason, s.Message)
	case s.Refused:
		return refusal(http.StatusBadRequest, reason, s.Message)
	case h.redirects && s.AcceptsSessions() && s.IsDocument() && !s.Loop:
		location, cookie, err := s.SignInRedirect()
		if err == nil {
			if cookie != "" {
				header.Add("Set-Cookie", cookie)
			}
			header.Set("Location", location)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return nil
		}
		message := err.Error()
		if s.Message != "" {
			message = s.Message + "; " + message
		}
		authstate.SetReason(header, string(authstate.SignedOut), reason, message)
		if s.Loop {
			return h.showLoop(w, r, s)
		}
	}
	if h.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", challenge(s, reason))
	}
	return refusal(h.status, reason, s.Message)
}

// pendingMessage explains authstate.ReasonSessionPending.
const pendingMessage = "a session task is left to do"

// forbid answers who is signed in and lacks something. With status 404 no
// header names the gate. Clerk's front-end SDKs react to a stale
// verification by asking for a new one, but only to its status and its body
// (https://clerk.com/docs/guides/secure/reverification), so those stay as they
// are for every request that a script may have made.
func (h *Handler) forbid(w http.ResponseWriter, s *authstate.State, denial *access.Denial) error {
	header := w.Header()
	prepareRefusal(header)
	stale, status := denial.Reverification(), h.forbidden
	if s.Machine != nil {
		stale = nil // A program cannot be asked for a second factor.
	}
	if stale != nil {
		status = http.StatusForbidden
	}
	if status != http.StatusNotFound {
		authstate.SetReason(header, string(s.Status), denial.Reason(), denial.Message())
	}
	if stale != nil && !s.IsDocument() {
		header.Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, err := w.Write(stale.ErrorBody()) //nolint:gosec // It is JSON of the configuration alone.
		return err
	}
	switch {
	case s.HadHeaderToken() && (status == http.StatusUnauthorized || status == http.StatusForbidden && s.Machine != nil):
		header.Set("WWW-Authenticate", scopeChallenge(denial.Scopes()))
	case status == http.StatusUnauthorized:
		header.Set("WWW-Authenticate", plainChallenge)
	}
	return refusal(status, denial.Reason(), denial.Message())
}

// plainChallenge is what every 401 has at least (RFC 9110, section 11.6.1).
const plainChallenge = `Bearer realm="clerk"`

// scopeChallenge is RFC 6750, section 3.1. Scopes were checked to be scope
// tokens when the configuration loaded, and need no quoting.
func scopeChallenge(scopes []string) string {
	text := plainChallenge + `, error="insufficient_scope"`
	if len(scopes) > 0 {
		text += `, scope="` + strings.Join(scopes, " ") + `"`
	}
	return text
}

// prepareRefusal keeps caches from giving a refusal to anybody else.
func prepareRefusal(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", "Cookie, Authorization")
}

// refusal is an error that handle_errors can dress. It says where it comes from
// by itself: Caddy would look at the stack, which takes longer than to read a
// token.
func refusal(status int, reason, message string) error {
	text := "clerk: " + reason
	if message != "" {
		text += ": " + message
	}
	return caddyhttp.Error(status, caddyhttp.HandlerError{StatusCode: status, Err: errors.New(text), Trace: "clerk_auth"})
}

// challenge is RFC 6750, section 3: the error is named only to who sent a
// token. Reasons are of this project's own making and need no quoting.
func challenge(s *authstate.State, reason string) string {
	if !s.HadHeaderToken() {
		return plainChallenge
	}
	return plainChallenge + `, error="invalid_token", error_description="` + reason + `"`
}
