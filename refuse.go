// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// retryAfter is how many seconds a client is asked to wait when Clerk's keys
// could not be had.
const retryAfter = "5"

// refuse answers who is not let in: a redirect to where that can be changed,
// or an error that handle_errors can dress.
func (h *Handler) refuse(w http.ResponseWriter, s *authstate.State) error {
	header := w.Header()
	prepareRefusal(header)
	reason := s.Reason
	if s.IsPending() {
		reason = authstate.ReasonSessionPending
		authstate.SetReason(header, string(authstate.SignedOut), reason, "a session task is left to do")
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
	}
	if h.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", challenge(s, reason))
	}
	return refusal(h.status, reason, s.Message)
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
		return `Bearer realm="clerk"`
	}
	return `Bearer realm="clerk", error="invalid_token", error_description="` + reason + `"`
}
