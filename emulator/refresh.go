// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/emulator/internal/destination"
)

// refreshRequest is the body of POST /v1/sessions/{id}/refresh.
type refreshRequest struct {
	Format               string              `json:"format"`
	ExpiredToken         string              `json:"expired_token"`
	RefreshToken         string              `json:"refresh_token"`
	RequestOrigin        string              `json:"request_origin"`
	RequestHeaders       map[string][]string `json:"request_headers"`
	RequestOriginatingIP string              `json:"request_originating_ip"`
}

// formatCookie is the one format that Clerk's SDKs ask for.
const formatCookie = "cookie"

// refreshSession gives an application the cookies of a fresh session token for
// an expired one. What tells it to fall back to the handshake is a 401.
func (e *Emulator) refreshSession(w http.ResponseWriter, r *http.Request) {
	query, err := readQuery(r)
	if err != nil {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", err.Error())
		return
	}
	var asked refreshRequest
	if err := readJSON(r, &asked); err != nil {
		writeAPIError(w, http.StatusBadRequest, "request_body_invalid", err.Error())
		return
	}
	if asked.Format != formatCookie {
		writeAPIError(w, http.StatusUnprocessableEntity, "format_invalid", "format: expected cookie, got another or none")
		return
	}
	if err := checkOrigin(asked.RequestOrigin); err != nil {
		writeAPIError(w, http.StatusUnprocessableEntity, "request_origin_invalid", err.Error())
		return
	}
	if err := e.checkExpiredToken(asked.ExpiredToken, r.PathValue("id")); err != nil {
		writeAPIError(w, http.StatusUnauthorized, "expired_token_invalid", err.Error())
		return
	}
	current := e.store.refreshed(asked.RefreshToken)
	if current == nil || current.id != r.PathValue("id") {
		writeAPIError(w, http.StatusUnauthorized, "refresh_token_invalid", "refresh_token: expected one of the browser that has the session, got another")
		return
	}
	e.answerRefresh(w, *current, asked.RequestOrigin, query.Get("suffixed_cookies") == "true")
}

// answerRefresh leaves out when the person signed in, which has not changed.
func (e *Emulator) answerRefresh(w http.ResponseWriter, s session, origin string, suffixed bool) {
	token, err := e.sessionToken(s, origin, e.now())
	if err != nil {
		writeAPIError(w, http.StatusInternalServerError, "internal_error", fmt.Sprintf("making a token: %v", err))
		return
	}
	cookies := e.both(cookieSession, token, strings.HasPrefix(origin, "https:"))
	if !suffixed {
		cookies = cookies[:1]
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "cookies", "cookies": asDirectives(cookies)})
}

// checkExpiredToken demands a token of the session. It may be as old as it likes.
func (e *Emulator) checkExpiredToken(token, session string) error {
	payload, err := e.payloadOf(token)
	if err != nil {
		return fmt.Errorf("expired_token: %w", err)
	}
	var claims struct {
		SessionID string `json:"sid"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.SessionID == "" || claims.SessionID != session {
		return errors.New("expired_token: expected a token of the session in the address, got another")
	}
	return nil
}

// checkOrigin takes an origin exactly as a browser writes it, because it becomes
// the token's azp. Any site will do: whoever asks has the secret key.
func checkOrigin(origin string) error {
	scheme, host, _ := strings.Cut(origin, "://")
	if len(origin) <= maxValue && (scheme == "http" || scheme == "https") {
		if canonical, _, err := destination.OriginOf(scheme, host); err == nil && canonical == origin {
			return nil
		}
	}
	return errors.New("request_origin: expected an origin such as https://app.example.com")
}
