// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/guard"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// How long what Clerk says is remembered.
const (
	// A browser that comes with several requests at once has one session renewed
	// for all of them.
	refreshAge = 10 * time.Second
	// A machine token that is revoked is still taken for as long, as a session
	// token is that lives for a minute.
	machineAge = time.Minute
	// A session that has ended stays so. Whoever signs out again and again asks
	// Clerk once in a while.
	endedAge = time.Minute
)

// How many answers are remembered of each kind.
const (
	maxRefreshes = 4096
	maxMachines  = 16_384
	maxNonces    = 4096
	maxEnded     = 4096
)

// calls are the calls to Clerk that requests can cause. Anybody can send
// requests, so all of them are made under one guard.
type calls struct {
	api       apiCalls
	guard     *guard.Guard
	nonces    *guard.Memo[[]string]
	refreshes *guard.Memo[[]string]
	machines  *guard.Memo[*authstate.Machine]
	ended     *guard.Memo[struct{}]
}

// apiCalls are the calls of the Backend API that are made. They are functions,
// since whatever an instance's types lead to, the linker keeps whole: of the
// client that would be all of the API.
type apiCalls struct {
	handshakePayload func(ctx context.Context, nonce string) ([]string, error)
	refresh          func(ctx context.Context, sessionID string, params backendapi.RefreshSessionParams) ([]string, error)
	end              func(ctx context.Context, sessionID string) error
	verifyAPIKey     func(ctx context.Context, secret string) (*backendapi.VerifiedAPIKey, error)
	verifyM2M        func(ctx context.Context, token string) (*backendapi.VerifiedM2MToken, error)
	verifyOAuth      func(ctx context.Context, token string) (*backendapi.OAuthAccessToken, error)
}

func newAPICalls(api *backendapi.Client) apiCalls {
	return apiCalls{
		handshakePayload: counted(operationHandshakePayload, api.Clients.HandshakePayload),
		refresh: func(ctx context.Context, sessionID string, params backendapi.RefreshSessionParams) ([]string, error) {
			cookies, err := api.Sessions.Refresh(ctx, sessionID, params)
			countCall(operationRefreshSession, err)
			return cookies, err
		},
		end: func(ctx context.Context, sessionID string) error {
			err := api.Sessions.End(ctx, sessionID)
			countCall(operationEndSession, err)
			return err
		},
		verifyAPIKey: counted(operationVerifyAPIKey, api.APIKeys.Verify),
		verifyM2M:    counted(operationVerifyM2M, api.M2MTokens.Verify),
		verifyOAuth:  counted(operationVerifyOAuth, api.OAuthAccessTokens.Verify),
	}
}

func newCalls(api *backendapi.Client) *calls {
	g := guard.New(guard.Options{})
	return &calls{
		api:       newAPICalls(api),
		guard:     g,
		nonces:    guard.NewMemo[[]string](g, maxNonces),
		refreshes: guard.NewMemo[[]string](g, maxRefreshes),
		machines:  guard.NewMemo[*authstate.Machine](g, maxMachines),
		ended:     guard.NewMemo[struct{}](g, maxEnded),
	}
}

// options gives the options of a gate's authenticator.
func (i *instance) options(r *resolved, log *slog.Logger) authstate.Options {
	o := authstate.Options{
		PublishableKey: r.PublishableKey,
		Verifier:       revokingVerifier{i.verifier, i.revoked},
		Requirements:   r.want,
		AcceptsToken:   r.AcceptsToken,
		Satellite:      r.satellite(),
		ProxyURL:       r.ProxyURL,
		SignInURL:      r.SignInURL,
		SignUpURL:      r.SignUpURL,
		PublicURL:      publicURL,
		Log:            log,
	}
	if sync := r.OrganizationSync; sync != nil {
		o.OrganizationPatterns, o.PersonalAccountPatterns = sync.Organization, sync.PersonalAccount
	}
	if r.grace > 0 {
		o.Grace = &authstate.Grace{For: r.grace, Unreachable: i.isUnreachable}
	}
	if i.calls != nil {
		o.Machines = i.calls
	}
	if r.SecretKey != "" {
		o.Handshakes, o.Sessions, o.SessionEnder = i.calls, i.calls, i.calls
	}
	return o
}

// HandshakePayload implements authstate.HandshakePayloads. A nonce is good only
// once, so what it brings is kept for the one request alone: a second gate that
// decides it for itself must not find the nonce used up.
func (c *calls) HandshakePayload(ctx context.Context, nonce string) ([]string, error) {
	s, ok := caddyhttp.GetVar(ctx, stateVar).(*requestState)
	if ok && s.payloadOf == c {
		return s.payload, s.payloadErr
	}
	payload, err := c.nonces.Do(ctx, clientOf(ctx), []string{nonce}, func(ctx context.Context) ([]string, time.Duration, error) {
		payload, err := c.api.handshakePayload(ctx, nonce)
		return payload, 0, outage(err)
	})
	err = unavailable(err)
	if ok {
		s.payload, s.payloadErr, s.payloadOf = payload, err, c
	}
	return payload, err
}

// RefreshSession implements authstate.Sessions.
func (c *calls) RefreshSession(ctx context.Context, r authstate.Refresh) ([]string, error) {
	address, headers := clientAddress(ctx), r.Header.Clone() // The call may outlive the request.
	key := []string{r.SessionID, r.ExpiredToken, r.RefreshToken, r.Origin, fmt.Sprint(r.SuffixedCookies)}
	cookies, err := c.refreshes.Do(ctx, guard.Client(address), key, func(ctx context.Context) ([]string, time.Duration, error) {
		params := backendapi.RefreshSessionParams{
			ExpiredToken:    r.ExpiredToken,
			RefreshToken:    r.RefreshToken,
			RequestOrigin:   r.Origin,
			RequestHeaders:  headers,
			SuffixedCookies: r.SuffixedCookies,
		}
		if address.IsValid() {
			params.RequestOriginatingIP = address.String()
		}
		cookies, err := c.api.refresh(ctx, r.SessionID, params)
		return cookies, refreshAge, outage(err)
	})
	if err != nil {
		return nil, refreshError(err)
	}
	return cookies, nil
}

// EndSession implements authstate.SessionEnder.
func (c *calls) EndSession(ctx context.Context, sessionID string) error {
	_, err := c.ended.Do(ctx, clientOf(ctx), []string{sessionID}, func(ctx context.Context) (struct{}, time.Duration, error) {
		return struct{}{}, endedAge, outage(c.api.end(ctx, sessionID))
	})
	return err
}

// refreshError names a failure as Clerk's SDK does.
func refreshError(err error) error {
	reason := "fetch-error"
	if errors.Is(err, backendapi.ErrNotJSON) {
		reason = "unexpected-sdk-error"
	} else if answer, ok := errors.AsType[*backendapi.Error](err); ok {
		switch {
		case len(answer.Details) == 0:
			reason = "unexpected-bapi-error"
		case answer.Details[0].Code != "unexpected_error":
			reason = answer.Details[0].Code
		}
	}
	return &authstate.RefreshError{Reason: reason, Err: err}
}

// VerifyMachineToken implements authstate.Machines.
func (c *calls) VerifyMachineToken(ctx context.Context, tokenType, token string) (*authstate.Machine, error) {
	m, err := c.machines.Do(ctx, clientOf(ctx), []string{tokenType, token}, func(ctx context.Context) (*authstate.Machine, time.Duration, error) {
		m, err := c.askForMachine(ctx, tokenType, token)
		if err != nil {
			return nil, 0, outage(err)
		}
		age := machineAge
		if !m.ExpiresAt.IsZero() {
			age = min(age, time.Until(m.ExpiresAt))
		}
		return m, age, nil
	})
	if err == nil {
		return m, nil
	}
	return nil, machineError(unavailable(err))
}

// askForMachine asks Clerk what a machine token is good for. One that it says
// is dead is none.
func (c *calls) askForMachine(ctx context.Context, tokenType, token string) (*authstate.Machine, error) {
	m := new(authstate.Machine)
	var answer backendapi.MachineToken
	switch tokenType {
	case authstate.APIKey:
		key, err := c.api.verifyAPIKey(ctx, token)
		if err != nil {
			return nil, err
		}
		answer, m.Name = key.MachineToken, key.Name
	case authstate.M2MToken:
		machine, err := c.api.verifyM2M(ctx, token)
		if err != nil {
			return nil, err
		}
		answer = machine.MachineToken
	default:
		access, err := c.api.verifyOAuth(ctx, token)
		if err != nil {
			return nil, err
		}
		answer, m.ClientID, m.Audiences = access.MachineToken, access.ClientID, access.Audiences
		if access.Actor != nil {
			m.Actor = &verifier.Actor{Subject: access.Actor.Subject, Issuer: access.Actor.Issuer}
		}
	}
	m.ID, m.Subject, m.Scopes, m.Claims = answer.ID, answer.Subject, answer.Scopes, answer.Claims
	m.Revoked = answer.Revoked || answer.Expired
	if answer.Expiration != nil {
		m.ExpiresAt = *answer.Expiration
	}
	if m.Revoked {
		return nil, backendapi.ErrInactive
	}
	return m, nil
}

// machineError names a refusal as Clerk's SDK does.
func machineError(err error) error {
	refuse := func(reason, message string) error { return &authstate.MachineError{Reason: reason, Message: message} }
	answer, ok := errors.AsType[*backendapi.Error](err)
	switch {
	case errors.Is(err, authstate.ErrUnavailable):
		return err
	case errors.Is(err, backendapi.ErrInactive), ok && answer.StatusCode == 404:
		return refuse(string(verifier.ReasonTokenInvalid), "Clerk does not know the token, or not any more")
	case ok && answer.StatusCode == 401:
		return refuse(string(verifier.ReasonSecretKeyInvalid), "Clerk does not accept the key that the token was to be verified with")
	default:
		return refuse(authstate.ReasonUnexpectedError, "Clerk answered in a way that is not known")
	}
}

// outage tells the guard of a failure that says nothing about what was asked:
// that there was no answer, or that something else than Clerk's API gave one.
func outage(err error) error {
	if err == nil || !backendapi.Unavailable(err) && !errors.Is(err, backendapi.ErrNotJSON) {
		return err
	}
	var pause time.Duration
	if answer, ok := errors.AsType[*backendapi.Error](err); ok {
		pause = answer.RetryAfter
	}
	return guard.Outage(err, pause)
}

// unavailable tells the authenticator of one.
func unavailable(err error) error {
	if err == nil || !errors.Is(err, guard.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", authstate.ErrUnavailable, err)
}

func clientOf(ctx context.Context) string { return guard.Client(clientAddress(ctx)) }

// clientAddress gives the address that Caddy takes the client to be at, which
// heeds the server's trusted proxies.
func clientAddress(ctx context.Context) netip.Addr {
	text, _ := caddyhttp.GetVar(ctx, caddyhttp.ClientIPVarKey).(string)
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	address, _ := netip.ParseAddr(text)
	return address
}

// Interface guards
var (
	_ authstate.HandshakePayloads = (*calls)(nil)
	_ authstate.Sessions          = (*calls)(nil)
	_ authstate.SessionEnder      = (*calls)(nil)
	_ authstate.Machines          = (*calls)(nil)
)
