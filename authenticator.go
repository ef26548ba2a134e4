// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"fmt"
	"net/http"
	"slices"

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
	// key is the same for settings that decide the same of every request.
	key string
}

// newAuthenticator completes the settings from the app and the environment. It
// makes no request: keys are fetched once the app has started.
func newAuthenticator(ctx caddy.Context, own Settings) (*authenticator, error) {
	loaded, err := ctx.App(appID)
	if err != nil {
		return nil, fmt.Errorf("loading the clerk app: %w", err)
	}
	app := loaded.(*App)
	r, err := own.over(app.Settings).over(environment()).resolve(caddy.NewReplacer())
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
	a := &authenticator{app: app, accepts: r.AcceptsToken, key: r.authKey(r.instanceKey())}
	if r.SessionSync == syncByInterstitial {
		if a.interstitial, err = newInterstitial(instance, r); err != nil {
			return nil, err
		}
	}
	a.sessions, err = authstate.New(instance.options(r, ctx.Slogger()))
	return a, err
}

// prepare gives the request's state, without the headers of any gate in it.
func (a *authenticator) prepare(r *http.Request) *requestState { return prepare(r, a.app.owned) }

func (a *authenticator) authenticate(r *http.Request) *authstate.State {
	if a.interstitial != nil {
		return a.interstitial.authenticate(a.sessions, r)
	}
	return a.sessions.Authenticate(r)
}

// acceptsSessions tells whether people can be let in, acceptsMachines whether
// programs with tokens of their own can.
func (a *authenticator) acceptsSessions() bool {
	return len(a.accepts) == 0 || slices.Contains(a.accepts, authstate.SessionToken) || slices.Contains(a.accepts, authstate.AnyToken)
}

func (a *authenticator) acceptsMachines() bool {
	return slices.ContainsFunc(a.accepts, func(tokenType string) bool { return tokenType != authstate.SessionToken })
}
