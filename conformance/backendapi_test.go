// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// backendAPI plays the Backend API to this project, with the answers of a case,
// and keeps what it was asked.
type backendAPI struct {
	c                *Case
	refreshed, asked string
}

var errUnknownNonce = errors.New("the nonce is not known")

// HandshakePayload gives what a nonce stands for.
func (b *backendAPI) HandshakePayload(_ context.Context, nonce string) ([]string, error) {
	directives, known := b.c.Payloads[nonce]
	if !known {
		return nil, errUnknownNonce
	}
	return directives, nil
}

var errRefresh = errors.New("the session was not refreshed")

// RefreshSession reads the answer to a refresh as the reference does.
func (b *backendAPI) RefreshSession(_ context.Context, r authstate.Refresh) ([]string, error) {
	b.refreshed = fmt.Sprintln(r.SessionID, r.SuffixedCookies, r.Origin, r.RefreshToken, r.ExpiredToken)
	b.refreshed = strings.TrimSuffix(b.refreshed, "\n")
	a := orNotFound(b.c.Refresh)
	var body struct {
		Cookies []string
		Errors  []struct{ Code string }
	}
	refused := func(reason string) error { return &authstate.RefreshError{Reason: reason, Err: errRefresh} }
	switch {
	case a.Status == 0:
		return nil, refused("fetch-error")
	case a.Status == http.StatusNoContent:
		return nil, refused("unexpected-bapi-error")
	case isJSON(a) && json.Unmarshal([]byte(a.Body), &body) != nil:
		return nil, refused("fetch-error")
	case a.Status < http.StatusBadRequest:
		return body.Cookies, nil
	case len(body.Errors) == 0:
		return nil, refused("unexpected-bapi-error")
	case body.Errors[0].Code == "unexpected_error":
		return nil, refused("fetch-error")
	default:
		return nil, refused(body.Errors[0].Code)
	}
}

// machinePaths lists where the types of machine tokens are verified.
var machinePaths = map[string]string{
	apiKey:     "/api_keys/verify",
	m2mToken:   "/m2m_tokens/verify",
	oauthToken: "/oauth_applications/access_tokens/verify",
}

// VerifyMachineToken reads the answer about a machine token.
func (b *backendAPI) VerifyMachineToken(_ context.Context, tokenType, token string) (*authstate.Machine, error) {
	b.asked = machinePaths[tokenType] + " " + token
	a := orNotFound(b.c.Machine)
	refused := func(reason string) error {
		return &authstate.MachineError{Reason: reason, Message: "the token was refused"}
	}
	switch {
	case a.Status == http.StatusOK:
		return readMachine(a)
	case a.Status == http.StatusUnauthorized:
		return nil, refused("secret-key-invalid")
	case a.Status == http.StatusNotFound:
		return nil, refused("token-invalid")
	case isOutage(a):
		return nil, fmt.Errorf("status %d: %w", a.Status, authstate.ErrUnavailable)
	default:
		return nil, refused("unexpected-error")
	}
}

func readMachine(a *Answer) (*authstate.Machine, error) {
	var body struct {
		ID       string
		Subject  string
		Name     string
		ClientID string `json:"client_id"`
		Scopes   []string
		Aud      any
		Revoked  bool
		Expired  bool
		// Expiration is in milliseconds since the epoch.
		Expiration int64
	}
	if !isJSON(a) {
		return nil, &authstate.MachineError{Reason: "token-invalid", Message: "expected JSON"}
	}
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
		return nil, err
	}
	m := &authstate.Machine{
		ID: body.ID, Subject: body.Subject, Name: body.Name, ClientID: body.ClientID, Scopes: body.Scopes,
		Revoked: body.Revoked || body.Expired,
	}
	if body.Expiration != 0 {
		m.ExpiresAt = time.UnixMilli(body.Expiration)
	}
	switch aud := body.Aud.(type) {
	case string:
		m.Audiences = []string{aud}
	case []any:
		for _, one := range aud {
			m.Audiences = append(m.Audiences, fmt.Sprint(one))
		}
	}
	return m, nil
}

// isJSON tells whether an answer says that it is JSON, as the reference reads it.
func isJSON(a *Answer) bool { return a.Type == "application/json" }

func orNotFound(a *Answer) *Answer {
	if a == nil {
		return &notFound
	}
	return a
}
