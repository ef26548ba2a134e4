// SPDX-License-Identifier: Apache-2.0

// Package caddyclerk puts Clerk (https://clerk.com) in front of anything that
// Caddy serves. It is a Caddy module; the packages beside it, verifier,
// authstate and backendapi, are of use without Caddy.
package caddyclerk

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler authenticates each request with Clerk, the way Clerk's own SDKs do,
// and lets pass who is signed in.
//
// A person whose browser asks for a page is sent to sign in; anything else
// gets 401. Session tokens are verified on the spot, without a request to
// Clerk, and renewed by Clerk's handshake when a browser comes with an old
// one.
//
// Whatever a client sends in headers that begin with `X-Clerk-` is removed.
// That, and the placeholders, cover only the requests that the handler sees:
// under a matcher, put a `clerk_prepare` handler before it, as the Caddyfile
// does by itself.
//
// These placeholders are set. Each is empty when it has no value:
//
// Placeholder | Description
// ------------|------------
// `{http.clerk.status}` | `signed-in` or `signed-out`
// `{http.clerk.reason}` | Why nobody is signed in, in Clerk's words
// `{http.clerk.token_type}` | The type of token, such as `session_token` or `api_key`
// `{http.clerk.user_id}` | The user's ID
// `{http.clerk.session_id}` | The session's ID
// `{http.clerk.org_id}` | The active organization's ID
// `{http.clerk.org_slug}` | The active organization's slug
// `{http.clerk.org_role}` | The user's role in it, such as `org:admin`
// `{http.clerk.org_permissions}` | The user's permissions in it, separated by commas
// `{http.clerk.actor_id}` | Who impersonates the user
// `{http.clerk.machine_id}` | The machine that an M2M token was made for
// `{http.clerk.client_id}` | The OAuth application that an OAuth token was made for
// `{http.clerk.scopes}` | The scopes of a machine token, separated by spaces
// `{http.clerk.token}` | The token
// `{http.clerk.claims.<path>}` | A claim of the token, by its path: `{http.clerk.claims.metadata.plan}`
// `{http.auth.user.id}` | The user's ID, which access logs show as `user_id`
// `{http.auth.candidate.id}` | The ID of a user who is known but not let in
// `{http.auth.clerk.error}` | The same as `{http.clerk.reason}`, for `handle_errors`
//
// They hold what people typed. In HTML they must be escaped, and they must
// not be put into a body that the `templates` handler evaluates; inside of a
// template, `{{placeholder "http.clerk.claims.name" | html}}` is right.
type Handler struct {
	Settings

	// Whether to let everybody pass, and only say who it is.
	Optional bool `json:"optional,omitempty"`

	// What becomes of people who are not signed in: `redirect` sends their
	// page loads to the sign-in page and answers 401 to everything else; a
	// status from 400 to 499 is the answer to all. Default: `redirect`.
	SignedOut caddyhttp.WeakString `json:"signed_out,omitempty"`

	authenticator *authstate.Authenticator
	interstitial  *interstitial // nil with handshakes
	authKey       string
	// status is the answer to who is not signed in and not redirected.
	status    int
	redirects bool
}

// signedOutRedirect is the value of SignedOut that is not a status.
const signedOutRedirect = "redirect"

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.clerk_auth",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision sets the handler up. It makes no request: keys are fetched once
// the app has started.
func (h *Handler) Provision(ctx caddy.Context) error {
	loaded, err := ctx.App(appID)
	if err != nil {
		return fmt.Errorf("loading the clerk app: %w", err)
	}
	app := loaded.(*App)
	settings := h.Settings.over(app.Settings).over(environment())
	r, err := settings.resolve(caddy.NewReplacer())
	if err != nil {
		return err
	}
	if err := h.provisionSignedOut(); err != nil {
		return err
	}
	instance, err := app.instance(r)
	if err != nil {
		return err
	}
	if len(r.want.AuthorizedParties) == 0 {
		app.warnAuthorizedParties()
	}
	if r.SecretKey == "" {
		app.noteSecretKey()
	}
	h.authKey = r.authKey(r.instanceKey())
	if r.SessionSync == syncByInterstitial {
		if h.interstitial, err = newInterstitial(instance, r); err != nil {
			return err
		}
	}
	h.authenticator, err = authstate.New(instance.options(r, ctx.Slogger()))
	return err
}

func (h *Handler) authenticate(r *http.Request) *authstate.State {
	if h.interstitial != nil {
		return h.interstitial.authenticate(h.authenticator, r)
	}
	return h.authenticator.Authenticate(r)
}

func (h *Handler) provisionSignedOut() error {
	h.status, h.redirects = http.StatusUnauthorized, true
	if h.SignedOut == "" || h.SignedOut == signedOutRedirect {
		return nil
	}
	status, err := strconv.Atoi(string(h.SignedOut))
	if err != nil || status < 400 || status > 499 {
		return fmt.Errorf("signed_out: expected redirect or a status from 400 to 499, got %q", h.SignedOut)
	}
	h.status, h.redirects = status, false
	return nil
}

// Validate refuses settings that contradict each other.
func (h *Handler) Validate() error {
	if h.Optional && h.SignedOut != "" {
		return errors.New("signed_out: it has no effect beside optional, which lets everybody pass; leave one of them out")
	}
	return nil
}

// ServeHTTP lets the request pass, redirects it, or refuses it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	state, fresh := prepare(r).authenticate(h, r)
	if fresh {
		state.Apply(w.Header())
	}
	switch {
	case state.Status == statusInterstitial && asksForPage(r):
		return h.interstitial.show(w, r)
	case state.Location != "":
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	case state.IsSignedIn() || h.Optional:
		return next.ServeHTTP(w, r)
	case state.Loop && h.redirects:
		prepareRefusal(w.Header())
		return h.showLoop(w, r, state)
	default:
		return h.refuse(w, state)
	}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
