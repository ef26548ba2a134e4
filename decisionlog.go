// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"log/slog"
	"net/http"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// note counts what was made of a request, and explains it to who debugs. The
// fields are named as the placeholders. None holds a token, a cookie or the
// query, in which handshakes bring tokens.
func (a *authenticator) note(r *http.Request, s *authstate.State, denial *access.Denial) {
	d := decisionOf(s, denial)
	decisions.count(d)
	if !a.log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	message := s.Message
	switch {
	case denial != nil:
		message = denial.Message()
	case s.IsPending():
		message = pendingMessage
	}
	a.log.LogAttrs(r.Context(), slog.LevelDebug, "decided a request",
		slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.String("status", d.status), slog.String("reason", d.reason), slog.String("token_type", d.tokenType),
		slog.String("message", message), slog.Bool("document", s.IsDocument()), slog.Bool("redirected", s.Location != ""),
		slog.Bool("loop", s.Loop), slog.Bool("unavailable", s.Unavailable))
}
