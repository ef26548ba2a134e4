// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// project decides cases with this project's code. It keeps an authenticator
// for each set of options, as a server does.
type project struct {
	jwks           []byte
	now            atomic.Int64
	api            backendAPI
	authenticators map[string]*authstate.Authenticator
}

func newProject(jwks []byte) *project {
	return &project{jwks: jwks, authenticators: map[string]*authstate.Authenticator{}}
}

func (p *project) clock() time.Time { return time.UnixMilli(p.now.Load()) }

// decide runs one case.
func (p *project) decide(c *Case) (*Record, error) {
	p.now.Store(c.Now)
	p.api = backendAPI{c: c}
	a, err := p.authenticator(c.Options)
	if err != nil {
		return nil, err
	}
	state := a.Authenticate(requestOf(c))
	record := recordOf(state)
	record.Refreshed, record.Asked = p.api.refreshed, p.api.asked
	if !state.IsSignedIn() && state.Machine == nil && state.AcceptsSessions() {
		// There is none for the sign-in page itself.
		record.SignIn, _ = state.SignInURL()
	}
	return record, nil
}

func (p *project) authenticator(o OptionSet) (*authstate.Authenticator, error) {
	id, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	if a := p.authenticators[string(id)]; a != nil {
		return a, nil
	}
	keys, err := p.keys(o)
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Options{Keys: keys, Now: p.clock})
	if err != nil {
		return nil, err
	}
	skew := verifier.DefaultClockSkew
	if o.ClockSkew != nil {
		skew = time.Duration(*o.ClockSkew) * time.Millisecond
	}
	options := authstate.Options{
		PublishableKey: o.PublishableKey,
		Verifier:       v,
		Requirements: verifier.Requirements{
			AuthorizedParties: o.AuthorizedParties,
			Audiences:         o.Audience,
			Issuers:           o.Issuer,
			ClockSkew:         skew,
		},
		Handshakes:   &p.api,
		Sessions:     &p.api,
		Machines:     &p.api,
		AcceptsToken: o.AcceptsToken,
		ProxyURL:     o.ProxyURL,
		SignInURL:    o.SignInURL,
		Now:          p.clock,
	}
	if o.IsSatellite {
		options.Satellite = &authstate.Satellite{Domain: o.Domain, AutoSync: o.SatelliteAutoSync}
	}
	if paths := o.Organizations; paths != nil {
		options.OrganizationPatterns, options.PersonalAccountPatterns = paths.Organization, paths.Personal
	}
	a, err := authstate.New(options)
	if err != nil {
		return nil, fmt.Errorf("options %s: %w", o.Name, err)
	}
	p.authenticators[string(id)] = a
	return a, nil
}

func (p *project) keys(o OptionSet) (verifier.KeySource, error) {
	if o.JWTKey != "" {
		return verifier.ParsePEM(o.JWTKey)
	}
	switch o.Keys {
	case "outage":
		return failingKeys(errors.New("the key server does not answer"))
	case "refused":
		return failingKeys(&verifier.Error{Reason: verifier.ReasonSecretKeyInvalid, Message: "the secret key is not known"})
	default:
		return verifier.ParseJWKS(p.jwks)
	}
}

func failingKeys(err error) (verifier.KeySource, error) {
	return verifier.NewRemoteKeys(verifier.RemoteOptions{
		Fetch: func(context.Context) (*verifier.KeyDocument, error) { return nil, err },
	})
}

// requestOf builds the request as a server would have read it.
func requestOf(c *Case) *http.Request {
	target, err := url.ParseRequestURI(c.Target)
	if err != nil {
		target = &url.URL{Path: "/"}
	}
	r := &http.Request{
		Method: c.Method, URL: target, RequestURI: c.Target, Host: c.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}
	for _, field := range c.Headers {
		r.Header.Add(field[0], textproto.TrimString(field[1]))
	}
	if c.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	return r
}

func recordOf(state *authstate.State) *Record {
	h := http.Header{}
	state.Apply(h)
	return &Record{
		Status:           string(state.Status),
		Reason:           state.Reason,
		Location:         h.Get("Location"),
		Cookies:          h.Values("Set-Cookie"),
		CacheControl:     h.Get("Cache-Control"),
		AllowOrigin:      h.Get("Access-Control-Allow-Origin"),
		AllowCredentials: h.Get("Access-Control-Allow-Credentials"),
		AuthStatus:       h.Get("X-Clerk-Auth-Status"),
		AuthReason:       h.Get("X-Clerk-Auth-Reason"),
		TokenType:        state.TokenType,
		Identity:         identityOf(state),
		Machine:          machineOf(state.Machine),
		Loop:             state.Loop,
		Unavailable:      state.Unavailable,
		Refused:          state.Refused,
	}
}

func machineOf(m *authstate.Machine) Machine {
	if m == nil {
		return Machine{}
	}
	scopes := "[]"
	if len(m.Scopes) > 0 {
		scopes = string(mustJSON(m.Scopes))
	}
	return Machine{ID: m.ID, Subject: m.Subject, Name: m.Name, ClientID: m.ClientID, Scopes: scopes}
}

func identityOf(state *authstate.State) Identity {
	claims := state.Claims
	if claims == nil {
		return Identity{}
	}
	if !state.IsSignedIn() {
		return Identity{SessionStatus: claims.SessionStatus}
	}
	i := Identity{UserID: claims.UserID, SessionID: claims.SessionID, SessionStatus: claims.SessionStatus}
	if o := claims.Organization; o != nil {
		i.OrgID, i.OrgSlug, i.OrgRole, i.OrgPermissions = o.ID, o.Slug, o.Role, o.Permissions
	}
	if claims.Actor != nil {
		i.Actor = claims.Actor.Subject
	}
	return i
}
