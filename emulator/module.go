// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterDirective("clerk_emulator", parseDirective)
	httpcaddyfile.RegisterDirectiveOrder("clerk_emulator", httpcaddyfile.After, "try_files")
}

// Handler serves a small emulated Clerk below a path and passes every other
// request on. It lets an application that is protected by Clerk run, be tried and
// be tested without an account and without the network.
//
// It knows one password for everybody: whoever reaches it may sign in as anyone. It
// therefore refuses to run on a server that other machines can reach, unless allow_remote
// is set, and must never be used in production.
//
// Its key and its sessions live as long as the process, also across reloads of
// the configuration, and are shared by all handlers with the same settings.
type Handler struct {
	// The path prefix below which the emulator answers. Default: `/__clerk`. Use
	// `/` for the root.
	Mount string `json:"mount,omitempty"`

	// The host of the Frontend API that the publishable key and the issuer name.
	// Nothing is ever asked of that host. Default: `emulator.clerk.accounts.dev`.
	FrontendAPI string `json:"frontend_api,omitempty"`

	// Whether to play a production instance (a `pk_live_` key) rather than a
	// development one (`pk_test_`). The two differ in how a browser is recognized
	// and in how the handshake answers.
	Production bool `json:"production,omitempty"`

	// The secret key that the emulated Backend API asks for. Default:
	// `sk_test_emulator`, or `sk_live_emulator` for a production instance. Never
	// give it the key of a real instance.
	SecretKey string `json:"secret_key,omitempty"`

	// How long a session token is valid. Default: `60s`, as with Clerk.
	TokenLifetime caddy.Duration `json:"token_lifetime,omitempty"`

	// Whether to run on a server that listens on more than the loopback interface
	// and unix sockets. Everyone who reaches it may then sign in as anyone.
	AllowRemote bool `json:"allow_remote,omitempty"`

	emulator *Emulator
	poolKey  *poolKey
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.clerk_emulator",
		New: func() caddy.Module { return new(Handler) },
	}
}

// instances outlive a configuration, so that a reload signs nobody out.
var instances = caddy.NewUsagePool()

// poolKey tells instances apart by all that shapes them, with the secret as a hash.
type poolKey struct {
	mount, frontendAPI string
	production         bool
	secret             [sha256.Size]byte
	lifetime           time.Duration
}

// pooled is an Emulator as the pool wants it. It holds nothing to release.
type pooled struct{ *Emulator }

func (pooled) Destruct() error { return nil }

// Provision joins or starts the emulated instance.
func (h *Handler) Provision(ctx caddy.Context) error {
	options, err := h.options()
	if err != nil {
		return err
	}
	if !h.AllowRemote {
		if err := requireLoopback(ctx); err != nil {
			return err
		}
	}
	key := poolKey{
		mount:       options.Mount,
		frontendAPI: options.FrontendAPI,
		production:  options.Production,
		secret:      sha256.Sum256([]byte(options.SecretKey)),
		lifetime:    options.TokenLifetime,
	}
	value, _, err := instances.LoadOrNew(key, func() (caddy.Destructor, error) {
		e, err := New(options)
		return pooled{e}, err
	})
	if err != nil {
		return fmt.Errorf("starting the emulator: %w", err)
	}
	h.emulator, h.poolKey = value.(pooled).Emulator, &key
	ctx.Logger().Warn("this is a stand-in for Clerk that lets anyone sign in as anyone; never use it in production",
		zap.String("mount", options.Mount),
		zap.String("publishable_key", h.emulator.PublishableKey()),
		zap.Bool("allow_remote", h.AllowRemote))
	return nil
}

// options expands the placeholders of the settings that were made. The expanded
// secret stays out of the handler, whose fields a trace log may show.
func (h *Handler) options() (Options, error) {
	o := Options{Production: h.Production, TokenLifetime: time.Duration(h.TokenLifetime)}
	repl := caddy.NewReplacer()
	for _, setting := range []struct {
		name, value string
		into        *string
	}{
		{"mount", h.Mount, &o.Mount},
		{"frontend_api", h.FrontendAPI, &o.FrontendAPI},
		{"secret_key", h.SecretKey, &o.SecretKey},
	} {
		if setting.value == "" {
			continue
		}
		expanded, err := repl.ReplaceOrErr(setting.value, true, true)
		if err != nil {
			return o, fmt.Errorf("%s: %w", setting.name, err)
		}
		*setting.into = expanded
	}
	return o.withDefaults()
}

// requireLoopback refuses a server that other machines can reach. A server puts
// itself into the context before it provisions its handlers.
func requireLoopback(ctx caddy.Context) error {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return fmt.Errorf("clerk_emulator: expected to know the server's listen addresses, got no server; set allow_remote to run it all the same")
	}
	for _, listen := range server.Listen {
		address, err := caddy.ParseNetworkAddress(listen)
		if err != nil {
			return fmt.Errorf("clerk_emulator: listen address %q: %w", listen, err)
		}
		if !localOnly(address) {
			return fmt.Errorf("clerk_emulator: expected a server that only this machine reaches, got one that listens on %q, "+
				"where everyone could sign in as anyone; add \"bind 127.0.0.1\" to the site, or set allow_remote if that is meant", listen)
		}
	}
	return nil
}

// localOnly trusts no network it does not know: where an inherited file
// descriptor or a plugin's network listens cannot be told.
func localOnly(address caddy.NetworkAddress) bool {
	if address.IsUnixNetwork() {
		return true
	}
	if !strings.HasPrefix(address.Network, "tcp") && !strings.HasPrefix(address.Network, "udp") {
		return false
	}
	if address.Host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(address.Host)
	return err == nil && ip.IsLoopback()
}

// Cleanup leaves the emulated instance. It also runs after a Provision that
// failed, and then there is nothing to leave.
func (h *Handler) Cleanup() error {
	if h.poolKey == nil {
		return nil
	}
	_, err := instances.Delete(*h.poolKey)
	h.poolKey = nil
	return err
}

// ServeHTTP answers what is below the mount and passes on everything else.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.isBelowMount(r.URL.Path) {
		h.emulator.ServeHTTP(w, r)
		return nil
	}
	// What a site-wide try_files has made of the path is not meant for here.
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	if !ok || !h.isBelowMount(original.URL.Path) {
		return next.ServeHTTP(w, r)
	}
	asked := *r
	asked.URL = original.URL
	h.emulator.ServeHTTP(w, &asked)
	return nil
}

func (h *Handler) isBelowMount(path string) bool {
	below, ok := strings.CutPrefix(path, h.emulator.mount)
	return ok && (below == "" || below[0] == '/')
}

// parseDirective is registered as a plain directive because the first argument of
// a handler directive would be taken as a path matcher.
func parseDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return h.NewRoute(nil, handler), nil
}

const subdirectives = "frontend_api, production, secret_key, token_lifetime, allow_remote"

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	clerk_emulator [<mount>] {
//		frontend_api   <host>
//		production
//		secret_key     <key>
//		token_lifetime <duration>
//		allow_remote
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		if !strings.HasPrefix(d.Val(), "/") && !strings.HasPrefix(d.Val(), "{") {
			return d.Errf("expected a path such as %s as the mount, got '%s'", DefaultMount, d.Val())
		}
		h.Mount = d.Val()
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		if seen[name] {
			return d.Errf("cannot set '%s' twice", name)
		}
		seen[name] = true
		if err := h.unmarshalSubdirective(name, d); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) unmarshalSubdirective(name string, d *caddyfile.Dispenser) error {
	switch name {
	case "frontend_api":
		return parseValue(d, &h.FrontendAPI)
	case "secret_key":
		return parseValue(d, &h.SecretKey)
	case "production":
		return parseFlag(d, &h.Production)
	case "allow_remote":
		return parseFlag(d, &h.AllowRemote)
	case "token_lifetime":
		var text string
		if err := parseValue(d, &text); err != nil {
			return err
		}
		lifetime, err := caddy.ParseDuration(text)
		if err != nil || lifetime < time.Second {
			return d.Errf("token_lifetime: expected a duration of a second or more, got '%s'", text)
		}
		h.TokenLifetime = caddy.Duration(lifetime)
		return nil
	default:
		return d.Errf("unrecognized subdirective '%s' (allowed are: %s)", name, subdirectives)
	}
}

func parseValue(d *caddyfile.Dispenser, into *string) error {
	if !d.AllArgs(into) || *into == "" {
		return d.ArgErr()
	}
	return nil
}

func parseFlag(d *caddyfile.Dispenser, into *bool) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	*into = true
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
)
