// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// authenticator finds out who requests come from, by the settings of a gate
// or of a provider.
type authenticator struct {
	app          *App
	sessions     *authstate.Authenticator
	interstitial *interstitial // nil with handshakes
	accepts      []string
	grace        time.Duration
	// key is the same for settings that decide the same of every request.
	key string
	log *slog.Logger
}

// newAuthenticator completes the settings of a gate or of a provider from the
// instance that it names, if it names one, the app and the environment. It
// makes no request: keys are fetched once the app has started.
func newAuthenticator(ctx caddy.Context, own Settings, name string) (*authenticator, error) {
	loaded, err := ctx.App(appID)
	if err != nil {
		return nil, fmt.Errorf("loading the clerk app: %w", err)
	}
	app := loaded.(*App)
	r, err := app.complete(own, name)
	if err != nil {
		return nil, err
	}
	instance, err := app.instance(r)
	if err != nil {
		return nil, err
	}
	if len(r.want.AuthorizedParties) == 0 {
		app.warnAuthorizedParties()
	}
	if r.SecretKey == "" {
		app.noteSecretKey()
	}
	return app.authenticator(instance, r, ctx.Slogger())
}

func (a *App) authenticator(i *instance, r *resolved, log *slog.Logger) (*authenticator, error) {
	found := &authenticator{app: a, accepts: r.AcceptsToken, grace: r.grace, key: r.authKey(r.instanceKey()), log: log}
	var err error
	if r.SessionSync == syncByInterstitial {
		if found.interstitial, err = newInterstitial(i, r); err != nil {
			return nil, err
		}
	}
	i.revoked.allow(r.want.ClockSkew + r.grace)
	found.sessions, err = authstate.New(i.options(r, log))
	return found, err
}

// prepare gives the request's state, without the headers of any gate in it.
func (a *authenticator) prepare(r *http.Request) *requestState { return prepare(r, a.app.owned) }

// authenticate finds out who a request for a target comes from.
func (a *authenticator) authenticate(r *http.Request, target string) *authstate.State {
	if a.interstitial != nil {
		return a.interstitial.authenticate(a.sessions, r)
	}
	return a.sessions.AuthenticateTarget(r, target)
}

// acceptsSessions tells whether people can be let in, acceptsMachines whether
// programs with tokens of their own can.
func (a *authenticator) acceptsSessions() bool {
	return len(a.accepts) == 0 || slices.Contains(a.accepts, authstate.SessionToken) || slices.Contains(a.accepts, authstate.AnyToken)
}

func (a *authenticator) acceptsMachines() bool {
	return slices.ContainsFunc(a.accepts, func(tokenType string) bool { return tokenType != authstate.SessionToken })
}
