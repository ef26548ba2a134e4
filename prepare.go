// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

func init() {
	caddy.RegisterModule(Prepare{})
}

// Prepare takes out of requests the headers that only the edge may set, all
// that begin with `X-Clerk-` and those of `identity_headers` of any gate in the
// configuration, and makes the placeholders of `clerk_auth` known without
// giving them values. It does not ask who is there.
//
// A target that has no path, such as `http:admin`, is refused with 400: none of
// the forms that RFC 9112, section 3.2, knows looks like that, and the
// application would be sent what no matcher on paths has seen.
//
// It has nothing to be set:
//
//	{"handler": "clerk_prepare"}
//
// The Caddyfile puts one before every `clerk_auth` that has a matcher, so that
// the requests that the matcher leaves out cannot bring an identity of their
// own. In JSON it is yours to do so: a gate protects only the requests that
// it sees.
type Prepare struct {
	// Whether a `clerk_auth` must stand before, which it does for a gate whose
	// matcher asks who is there: where nothing has found that out yet, the matcher
	// would leave out everybody whom the gate is for. A request that has met none
	// is refused with 500. Default: `false`.
	BehindGate bool `json:"behind_gate,omitempty"`

	app *App
}

// CaddyModule returns the Caddy module information.
func (Prepare) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.clerk_prepare",
		New: func() caddy.Module { return new(Prepare) },
	}
}

// Provision finds the app, which knows the names.
func (p *Prepare) Provision(ctx caddy.Context) error {
	loaded, err := ctx.App(appID)
	if err != nil {
		return fmt.Errorf("loading the clerk app: %w", err)
	}
	p.app = loaded.(*App)
	return nil
}

// ServeHTTP prepares the request and passes it on.
func (p *Prepare) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	s := prepare(r, p.app.owned)
	if p.BehindGate && !s.gated {
		return caddyhttp.Error(http.StatusInternalServerError, errNoGateBefore)
	}
	s.gated = true
	if r.URL.Opaque != "" {
		prepareRefusal(w.Header())
		decisions.count(decision{reason: reasonInvalidTarget})
		authstate.SetReason(w.Header(), "", reasonInvalidTarget, invalidTargetMessage)
		return refusal(http.StatusBadRequest, reasonInvalidTarget, invalidTargetMessage)
	}
	return next.ServeHTTP(w, r)
}

// reasonInvalidTarget is why a target that has no path is refused.
const (
	reasonInvalidTarget  = "invalid-target"
	invalidTargetMessage = "the request names no path"
)

var errNoGateBefore = errors.New("clerk_auth: its matcher asks who is signed in, and no clerk_auth before it has found that out; " +
	"put one that every such request meets before it")

// Interface guards
var (
	_ caddy.Provisioner           = (*Prepare)(nil)
	_ caddyhttp.MiddlewareHandler = (*Prepare)(nil)
)
