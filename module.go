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

	"github.com/caddy-clerk/caddy-clerk/access"
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
// With the keys in the environment, this is all it takes:
//
//	{"handler": "clerk_auth", "authorized_parties": ["https://app.example.com"]}
//
// In a Caddyfile:
//
//	app.example.com {
//		clerk_auth {
//			authorized_parties https://app.example.com
//		}
//		reverse_proxy localhost:3000
//	}
//
// Whatever a client sends in headers that begin with `X-Clerk-`, or in one that
// a gate sets, is removed. That, and the placeholders, cover only the requests
// that the handler sees: under a matcher, put a `clerk_prepare` handler before
// it, as the Caddyfile does by itself.
//
// These placeholders are set. Each is empty when it has no value:
//
// Placeholder | Description
// ------------|------------
// `{http.clerk.status}` | `signed-in` or `signed-out`
// `{http.clerk.reason}` | Why nobody is signed in, in Clerk's words
// `{http.clerk.grace}` | `session-token-expired-outage-grace` for who passes by `outage_grace`
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
// `{http.auth.user.*}` | The others from `token_type` to `scopes`, of who is let in: `{http.auth.user.org_id}`
// `{http.auth.candidate.*}` | The same, `id` included, of who is known but not let in
// `{http.auth.clerk.error}` | Why the request is not let in, for `handle_errors`: `{http.clerk.reason}`, or `missing-role`, `missing-permission`, `missing-feature`, `missing-plan`, `reverification-error`, `insufficient-scope`
// `{http.auth.clerk.message}` | The same in words
//
// They hold what people typed. In HTML they must be escaped, and they must
// not be put into a body that the `templates` handler evaluates; inside of a
// template, `{{placeholder "http.clerk.claims.name" | html}}` is right.
type Handler struct {
	// The instance of the `clerk` app whose settings count where the handler
	// has none of its own. Default: the app's own settings.
	Instance string `json:"instance,omitempty"`

	Settings

	// Whether to let everybody pass, and only say who it is. Default: `false`.
	Optional bool `json:"optional,omitempty"`

	// What becomes of people who are not signed in: `redirect` sends their
	// page loads to the sign-in page and answers 401 to everything else; a
	// status from 400 to 499 is the answer to all. Default: `redirect`.
	SignedOut caddyhttp.WeakString `json:"signed_out,omitempty"`

	// What must hold beyond being signed in. All of it must. Default: nothing.
	Require []Requirement `json:"require,omitempty"`

	// What is answered to people who are signed in and lack what is required, a
	// status from 400 to 499. With 404, no header of the answer names the gate.
	// Default: `403`.
	Forbidden caddyhttp.WeakString `json:"forbidden,omitempty"`

	// What becomes of CORS preflight requests, which carry no credentials:
	// `pass` sends them on unauthenticated, `check` treats them as all requests.
	// Anybody can send what looks like one, so an application that they are sent
	// on to must not take OPTIONS for GET. Default: `check`.
	Preflight string `json:"preflight,omitempty"`

	// The request headers that tell the application who is signed in. They are
	// removed from every request that any gate of the configuration sees, in all
	// spellings that applications take for them, and are set when somebody is
	// signed in and they have a value. Default: none are set.
	IdentityHeaders *IdentityHeaders `json:"identity_headers,omitempty"`

	// Whether to take out of the request what it was judged by: Clerk's cookies,
	// and the bearer token of who is signed in by it. Default: `false`.
	StripCredentials bool `json:"strip_credentials,omitempty"`

	// The path where people sign out, such as `/sign-out`. A GET there shows a
	// page with a button, which sends a POST; that ends the session at Clerk, if
	// there is a secret key, removes Clerk's cookies and redirects to `/`. The
	// application needs to know nothing of it. Default: none.
	SignOut string `json:"sign_out,omitempty"`

	identity      *identity // nil when no headers are set
	authenticator *authenticator
	policy        access.Policy
	signOut       *signOut // nil without
	// status is the answer to who is not signed in and not redirected,
	// forbidden the one to who lacks something.
	status, forbidden int
	redirects         bool
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
	var err error
	if err := h.provisionAnswers(); err != nil {
		return err
	}
	if h.policy, err = newPolicy("require", h.Require); err != nil {
		return err
	}
	if h.identity, err = newIdentity(h.IdentityHeaders, ctx.Slogger()); err != nil {
		return err
	}
	if h.authenticator, err = newAuthenticator(ctx, h.Settings, h.Instance); err != nil {
		return err
	}
	if h.signOut, err = newSignOut(h.SignOut, h.authenticator); err != nil {
		return err
	}
	if err := checkGraceAndRequire(h.authenticator.grace, h.Require); err != nil {
		return err
	}
	h.authenticator.app.own(h.identity)
	return nil
}

// provisionAnswers reads the statuses of refusals.
func (h *Handler) provisionAnswers() error {
	h.status, h.forbidden = http.StatusUnauthorized, http.StatusForbidden
	h.redirects = h.SignedOut == "" || h.SignedOut == signedOutRedirect
	var err error
	if !h.redirects {
		if h.status, err = parseStatus(string(h.SignedOut)); err != nil {
			return fmt.Errorf("signed_out: expected redirect or %w", err)
		}
	}
	if h.Forbidden != "" {
		if h.forbidden, err = parseStatus(string(h.Forbidden)); err != nil {
			return fmt.Errorf("forbidden: expected %w", err)
		}
	}
	return nil
}

func parseStatus(text string) (int, error) {
	status, err := strconv.Atoi(text)
	if err != nil || status < 400 || status > 499 {
		return 0, fmt.Errorf("a status from 400 to 499, got %q", text)
	}
	return status, nil
}

// Validate refuses settings that contradict each other.
func (h *Handler) Validate() error {
	if h.Optional && h.SignedOut != "" {
		return errors.New("signed_out: it has no effect beside optional, which lets everybody pass; leave one of them out")
	}
	if h.Optional && len(h.Require) > 0 {
		return errors.New("require: optional lets everybody pass, whatever they have; leave one of them out")
	}
	if h.Forbidden != "" && len(h.Require) == 0 {
		return errors.New("forbidden: nothing is required, so everybody who is signed in passes; add require, or leave it out")
	}
	if err := checkPreflight(h.Preflight); err != nil {
		return err
	}
	return checkSatisfiable(h.Require, h.authenticator)
}

// ServeHTTP lets the request pass, redirects it, or refuses it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	s := h.authenticator.prepare(r)
	s.gated = true
	if h.StripCredentials {
		s.stripCookies(r)
	}
	if h.signOut.isAskedFor(s) {
		return h.signOut.serve(w, s.asCame(r))
	}
	if h.Preflight == preflightPass && isPreflight(r) {
		return next.ServeHTTP(w, r)
	}
	state, fresh := h.judge(s, r)
	denial := h.denial(state)
	h.authenticator.note(r, state, denial)
	// Whoever has found the state may not have been one who redirects.
	if fresh || state.Location != "" {
		state.Apply(w.Header())
	}
	switch {
	case state.Status == statusInterstitial && state.IsDocument():
		return h.authenticator.interstitial.show(w, r)
	case state.Location != "":
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	case denial != nil:
		s.denial = denial
		return h.forbid(w, state, denial)
	case state.IsSignedIn():
		h.identity.set(r, s)
		return next.ServeHTTP(w, r)
	case h.Optional:
		h.identity.set(r, s)
		return next.ServeHTTP(w, r)
	case state.Loop && h.redirects:
		prepareRefusal(w.Header())
		return h.showLoop(w, r, state)
	default:
		return h.refuse(w, r, state)
	}
}

// denial is what somebody lacks who is signed in, and who is not redirected.
func (h *Handler) denial(s *authstate.State) *access.Denial {
	if s.Location != "" || !s.IsSignedIn() {
		return nil
	}
	return h.policy.Check(subject(s))
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
