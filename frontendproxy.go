// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/frontendapi"
)

func init() {
	caddy.RegisterModule(FrontendProxy{})
}

// FrontendProxy puts Clerk's Frontend API under the site's own origin, below a
// path (https://clerk.com/docs/guides/dashboard/dns-domains/proxy-fapi): its
// cookies are then the site's own, and what blocks other hosts does not block
// it. Requests for other paths are passed on.
//
// It is Caddy's `reverse_proxy` with one upstream, which is fixed when the
// configuration loads. Each request gets what Clerk asks of a proxy, whatever the
// client sent: `Clerk-Proxy-Url`, `Clerk-Secret-Key`, and in `X-Forwarded-For` the
// one address of the client, which is the peer's or, where the server's
// `trusted_proxies` say so, the one that they name. The secret key is added below
// everything that logs.
//
// It must stand before the gate, or the pages and scripts of who is not signed in
// yet could not reach Clerk. In a Caddyfile it does, unless a `route` orders the
// two otherwise.
//
//	{"handler": "clerk_proxy", "path": "/__clerk"}
//
// In a Caddyfile:
//
//	clerk_proxy /__clerk
//
// The keys come from the `clerk` app or the instance of it that is named, or
// from the environment. The gate has to know of the proxy: set `proxy_url` to the
// same path, or to the whole URL.
type FrontendProxy struct {
	// The path below which the Frontend API is found, as browsers ask for it.
	// Default: `/__clerk`.
	Path string `json:"path,omitempty"`

	// The instance of the `clerk` app whose keys count. Default: the app's own.
	Instance string `json:"instance,omitempty"`

	// Where the Frontend API is: a URL with `https`, or with `http` on loopback.
	// Default: the environment variable `CLERK_FAPI_URL`, or what Clerk's own SDKs
	// take, `https://frontend-api.clerk.dev`.
	Upstream string `json:"upstream,omitempty"`

	app      *App
	upstream *frontendapi.Upstream
	// publicURL is where browsers find the proxy, if the configuration says so,
	// and else empty: then it is the request's own origin and the path.
	publicURL string
	proxy     *reverseproxy.Handler
	log       *slog.Logger
	outage    *outageNote
}

// DefaultProxyPath is where Clerk's SDKs look for a proxy on the site itself.
const DefaultProxyPath = "/__clerk"

// CaddyModule returns the Caddy module information.
func (FrontendProxy) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.clerk_proxy",
		New: func() caddy.Module { return new(FrontendProxy) },
	}
}

// Provision finds the keys and the upstream. It makes no request.
func (p *FrontendProxy) Provision(ctx caddy.Context) error {
	loaded, err := ctx.App(appID)
	if err != nil {
		return fmt.Errorf("loading the clerk app: %w", err)
	}
	p.app, p.log, p.outage = loaded.(*App), ctx.Slogger(), new(outageNote)
	r, err := p.app.complete(Settings{}, p.Instance)
	if err != nil {
		return err
	}
	if err := p.settle(r); err != nil {
		return err
	}
	if r.key.InstanceType == authstate.Development {
		p.log.Warn("this is a proxy of a development instance; Clerk proxies production instances only, " +
			"so what works with the emulator and in a browser today may not work with Clerk")
	}
	return p.provisionProxy(ctx, r.SecretKey)
}

// settle checks the settings and fills in the defaults.
func (p *FrontendProxy) settle(r *resolved) error {
	if r.SecretKey == "" {
		return errors.New("secret_key: not set, and Clerk answers a proxy only with it; " +
			"set it in the global option clerk, in the instance, or as CLERK_SECRET_KEY")
	}
	if r.PublishableKey == "" {
		return errNoPublishableKey
	}
	repl := caddy.NewReplacer()
	path, err := repl.ReplaceOrErr(p.Path, true, true)
	if err != nil {
		return fmt.Errorf("path: %w; set what it refers to, or leave the path out", err)
	}
	if p.Path, err = cleanProxyPath(path); err != nil {
		return err
	}
	upstream, err := repl.ReplaceOrErr(p.Upstream, true, true)
	if err != nil {
		return fmt.Errorf("upstream: %w; set what it refers to, or leave the setting out", err)
	}
	if p.upstream, err = chooseUpstream(upstream, r.key.FrontendAPI); err != nil {
		return err
	}
	p.publicURL, err = publicProxyURL(r.ProxyURL, p.Path)
	return err
}

// provisionProxy makes the reverse_proxy. Its transport is wrapped once it has
// one, so that nothing of it ever knows the secret key.
func (p *FrontendProxy) provisionProxy(ctx caddy.Context, secretKey string) error {
	config, err := json.Marshal(proxyConfig(p.upstream))
	if err != nil {
		return fmt.Errorf("configuring the proxy: %w", err)
	}
	loaded, err := ctx.LoadModuleByID("http.handlers.reverse_proxy", config)
	if err != nil {
		return fmt.Errorf("making the proxy: %w", err)
	}
	p.proxy = loaded.(*reverseproxy.Handler)
	p.proxy.Transport = &frontendTransport{next: p.proxy.Transport, upstream: p.upstream, secretKey: secretKey}
	return nil
}

// proxiedMethods are those that the Frontend API knows. TRACE in particular is
// not among them: it is answered with the request as it came, secret key included.
var proxiedMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// ServeHTTP sends what is below the path to the Frontend API and passes on
// everything else.
func (p *FrontendProxy) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	below, ok := frontendapi.Below(originalTarget(r), p.Path)
	if !ok {
		return next.ServeHTTP(w, r)
	}
	prepare(r, p.app.owned)
	of := newFrontendRequest(r, p.publicURL, p.Path)
	removeEdgeHeaders(r.Header)
	address, err := frontendapi.ParseTarget(below)
	switch {
	case r.URL.IsAbs() || r.URL.Host != "":
		return writeProxyError(w, http.StatusBadRequest, codePathMismatch, "expected a path alone as the request's target, got a whole URL")
	case err != nil:
		return writeProxyError(w, http.StatusBadRequest, codePathMismatch, err.Error())
	case of.proxyURL == "":
		return writeProxyError(w, http.StatusBadRequest, codePathMismatch, "expected the host under which the proxy was found, got none")
	case !slices.Contains(proxiedMethods, r.Method):
		w.Header().Set("Allow", strings.Join(proxiedMethods, ", "))
		return writeProxyError(w, http.StatusMethodNotAllowed, codeRequestFailed, "the Frontend API knows no such method")
	}
	return p.forward(w, p.outgoing(r, address, of))
}

// outgoing is the request as reverse_proxy is to have it.
func (p *FrontendProxy) outgoing(r *http.Request, to frontendapi.Target, of *frontendRequest) *http.Request {
	out := r.WithContext(context.WithValue(r.Context(), frontendRequestKey{}, of))
	out.URL = p.upstream.Join(to)
	out.RequestURI = out.URL.RequestURI()
	if r.ContentLength != 0 {
		out.Body = clientBody{r.Body}
	}
	return out
}

// forward lets reverse_proxy do its work, and answers as Clerk does where it
// could not.
func (p *FrontendProxy) forward(w http.ResponseWriter, r *http.Request) error {
	err := p.proxy.ServeHTTP(w, r, emptyHandler)
	if err == nil {
		// Of a request that its client took back, nothing was found out.
		if r.Context().Err() == nil && p.outage.ends() {
			p.log.Info("the Frontend API can be reached again", slog.String("upstream", p.upstream.String()))
		}
		return nil
	}
	status := http.StatusBadGateway
	if failed, ok := errors.AsType[caddyhttp.HandlerError](err); ok && failed.StatusCode != 0 {
		status = failed.StatusCode
	}
	if status < http.StatusInternalServerError {
		return writeProxyError(w, status, codeRequestFailed, "the request's body could not be read to its end")
	}
	if p.outage.begins(time.Now()) {
		p.log.Error("a request could not be sent to the Frontend API; no more is said until one can",
			slog.String("upstream", p.upstream.String()), slog.Any("error", err))
	}
	return writeProxyError(w, status, codeRequestFailed, "the Frontend API could not be reached")
}

var emptyHandler = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })

// The codes of the errors that Clerk's own proxy answers with.
const (
	codePathMismatch  = "proxy_path_mismatch"
	codeRequestFailed = "proxy_request_failed"
)

// writeProxyError answers in the form that Clerk's scripts read errors in.
func writeProxyError(w http.ResponseWriter, status int, code, message string) error {
	body, err := json.Marshal(map[string]any{"errors": []map[string]string{{"code": code, "message": message, "long_message": message}}})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(body) //nolint:gosec // It is JSON, and says nothing that came with the request.
	return err
}

// Interface guards
var (
	_ caddy.Provisioner           = (*FrontendProxy)(nil)
	_ caddyhttp.MiddlewareHandler = (*FrontendProxy)(nil)
)
