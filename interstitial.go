// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/authstate/legacy"
	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// The values of SessionSync.
const (
	syncByHandshake    = "handshake"
	syncByInterstitial = "interstitial"
)

// statusInterstitial is what a request is found to be that only a browser with
// Clerk's script can tell more about.
const statusInterstitial authstate.Status = "interstitial"

// interstitial is the protocol of front ends from before the handshake.
type interstitial struct {
	authenticator *legacy.Authenticator
	pages         legacy.InterstitialPages
}

// statuses lists what the protocol's are to a gate.
var statuses = map[legacy.Status]authstate.Status{
	legacy.SignedIn:     authstate.SignedIn,
	legacy.SignedOut:    authstate.SignedOut,
	legacy.Interstitial: statusInterstitial,
}

func newInterstitial(i *instance, r *resolved) (*interstitial, error) {
	want := r.want
	if len(want.Issuers) == 0 {
		want.Issuers = []string{"https://" + r.key.FrontendAPI}
	}
	authenticator, err := legacy.New(legacy.Options{
		Development:  r.key.InstanceType == authstate.Development,
		Verifier:     revokingVerifier{i.verifier, i.revoked},
		Requirements: want,
		PublicURL:    publicURL,
	})
	return &interstitial{authenticator, i.pages}, err
}

// authenticate finds out who a request comes from, and gives it the pages to
// sign in on of a gate.
func (p *interstitial) authenticate(a *authstate.Authenticator, r *http.Request) *authstate.State {
	found := p.authenticator.Authenticate(r)
	status := statuses[found.Status]
	return a.Attach(r, authstate.State{
		Status: status, Reason: found.Reason, Message: found.Message, TokenType: authstate.SessionToken,
		Token: found.Token, Claims: found.Claims, Unavailable: found.Unavailable,
	})
}

// show answers with the page. It is no success, so that programs do not take it
// for what they asked for.
func (p *interstitial) show(w http.ResponseWriter, r *http.Request) error {
	prepareRefusal(w.Header())
	page, err := p.pages.Interstitial(r.Context())
	if err != nil {
		w.Header().Set("Retry-After", retryAfter)
		return caddyhttp.Error(http.StatusServiceUnavailable, fmt.Errorf("clerk: fetching the interstitial page: %w", err))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("WWW-Authenticate", plainChallenge)
	w.WriteHeader(http.StatusUnauthorized)
	_, err = w.Write(page)
	return err
}

// interstitialSource fetches the page from Clerk.
type interstitialSource struct {
	// get is a function for the reason that apiCalls are.
	get    func(ctx context.Context, params backendapi.InterstitialParams) ([]byte, error)
	params backendapi.InterstitialParams
}

// Interstitial implements legacy.InterstitialPages.
func (s interstitialSource) Interstitial(ctx context.Context) ([]byte, error) {
	return s.get(ctx, s.params)
}
