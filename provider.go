// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"
)

func init() {
	caddy.RegisterModule(Provider{})
}

// Provider authenticates requests with Clerk for the `authentication` handler,
// where any one of several providers is enough.
//
// It verifies and no more: nobody is redirected to sign in, no handshake is
// begun, and whoever is not signed in gets the 401 of the `authentication`
// handler. A browser's session that has expired is renewed on the spot if there
// is a secret key, and is otherwise not accepted. Use `clerk_auth` for sites
// that people open in browsers.
//
//	{"publishable_key": "{env.CLERK_PUBLISHABLE_KEY}"}
//
// The user's metadata, `{http.auth.user.*}`, are `session_id`, `org_id`,
// `org_slug`, `org_role`, `org_permissions`, `actor_id`, `machine_id`,
// `client_id`, `scopes` and `token_type`, as far as they have values.
type Provider struct {
	// The instance of the `clerk` app whose settings count where the provider
	// has none of its own. Default: the app's own settings.
	Instance string `json:"instance,omitempty"`

	Settings

	authenticator *authenticator
}

// CaddyModule returns the Caddy module information.
func (Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.authentication.providers.clerk",
		New: func() caddy.Module { return new(Provider) },
	}
}

// Provision sets the provider up. It makes no request.
func (p *Provider) Provision(ctx caddy.Context) error {
	var err error
	p.authenticator, err = newAuthenticator(ctx, p.Settings, p.Instance)
	return err
}

// Authenticate tells who a request comes from. It returns no error: what went
// wrong is in the placeholders.
func (p *Provider) Authenticate(w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	s := p.authenticator.prepare(r)
	state, fresh := s.authenticate(p.authenticator, r)
	p.authenticator.note(r, state, nil)
	if fresh {
		state.SetCookies(w.Header())
	}
	if state.IsSignedIn() {
		return s.user(), true, nil
	}
	prepareRefusal(w.Header())
	w.Header().Add("WWW-Authenticate", challenge(state, s.failure()))
	return caddyauth.User{ID: s.candidate("id")}, false, nil
}

// user gives who is signed in as Caddy's authentication handler wants it.
func (s *requestState) user() caddyauth.User {
	user := caddyauth.User{ID: s.userID(), Metadata: make(map[string]string)}
	for name, value := range identityValues {
		if text := value(s); text != "" {
			user.Metadata[name] = text
		}
	}
	return user
}

// Interface guards
var (
	_ caddy.Provisioner       = (*Provider)(nil)
	_ caddyauth.Authenticator = (*Provider)(nil)
)
