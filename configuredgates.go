// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// configuredGate is a clerk_auth, or a provider of the authentication handler,
// as it stands in a configuration, for commands that look at one without
// running it.
type configuredGate struct {
	// kind is the directive's name, or the provider's.
	kind string
	own  Settings
	// instance is the name of the one that it chooses, empty for none.
	instance string
	// app is nil for a key that stands alone.
	app *App
	// handler is nil for a provider.
	handler *Handler
	sites   []configuredSite
	server  *configuredServer
	way     way
	// unused tells that it is no gate, but an instance that no gate chooses.
	unused bool
}

// layer is a place where settings can stand.
type layer struct {
	name     string
	settings Settings
}

// The names of layers.
const (
	layerDirective   = "directive"
	layerGlobal      = "global option " + globalOption
	layerEnvironment = "environment"
)

// layers gives where the gate's settings come from, the first of which counts.
func (g *configuredGate) layers() []layer {
	layers := []layer{{layerDirective, g.own}}
	if g.app == nil {
		return layers
	}
	if named, ok := g.app.Instances[g.instance]; ok {
		layers = append(layers, layer{"instance " + g.instance, named})
	}
	return append(layers, layer{layerGlobal, g.app.Settings}, layer{layerEnvironment, environment()})
}

// settings gives those of all layers, merged and as they are written.
func (g *configuredGate) settings() Settings {
	var merged Settings
	repl := caddy.NewReplacer()
	for _, l := range slices.Backward(g.layers()) {
		merged = l.settings.over(merged, repl)
	}
	return merged
}

// resolve gives the settings as the gate would have them.
func (g *configuredGate) resolve() (*resolved, error) {
	if g.app == nil {
		return g.own.resolve(caddy.NewReplacer())
	}
	r, err := g.app.complete(g.own, g.instance)
	if err != nil {
		return nil, err
	}
	_, err = r.requirements()
	return r, err
}

// String names the gate by what it stands before.
func (g *configuredGate) String() string {
	if len(g.sites) == 0 {
		return g.kind
	}
	origins := make([]string, 0, len(g.sites))
	for _, s := range g.sites {
		origins = append(origins, s.String())
	}
	var text strings.Builder
	text.WriteString(g.kind + " of " + strings.Join(origins, ", "))
	for _, step := range g.way {
		text.WriteString(step.condition())
	}
	return text.String()
}

// configuredSite is where a gate's server is reached.
type configuredSite struct {
	scheme string
	// host is empty for a server of all hosts.
	host string
	// port is empty for the scheme's default.
	port string
	// behindProxy tells that the server trusts proxies, which may be who people
	// speak to.
	behindProxy bool
}

// String gives the origin.
func (s configuredSite) String() string {
	host := s.host
	if host == "" {
		host = "*"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if s.port != "" {
		host += ":" + s.port
	}
	return s.scheme + "://" + host
}

// isConcrete tells whether the origin is one that a browser can name.
func (s configuredSite) isConcrete() bool { return s.host != "" && !strings.ContainsAny(s.host, "*{") }

func (s configuredSite) isLocal() bool {
	if s.host == "localhost" || strings.HasSuffix(s.host, ".localhost") {
		return true
	}
	ip := net.ParseIP(s.host)
	return ip != nil && ip.IsLoopback()
}

// configuration is what gates are looked for in: the part of Caddy's JSON that
// they can be reached by.
type configuration struct {
	Apps struct {
		Clerk json.RawMessage `json:"clerk"`
		HTTP  struct {
			HTTPPort int                         `json:"http_port"`
			Servers  map[string]configuredServer `json:"servers"`
		} `json:"http"`
	} `json:"apps"`
}

type configuredServer struct {
	Listen         []string                   `json:"listen"`
	Routes         []configuredRoute          `json:"routes"`
	NamedRoutes    map[string]configuredRoute `json:"named_routes"`
	Errors         configuredRoutes           `json:"errors"`
	TLS            json.RawMessage            `json:"tls_connection_policies"`
	TrustedProxies json.RawMessage            `json:"trusted_proxies"`
	AutomaticHTTPS struct {
		Disable bool     `json:"disable"`
		Skip    []string `json:"skip"`
	} `json:"automatic_https"`

	httpPort int
	// proxies are those that were found in its routes.
	proxies []configuredProxy
}

type configuredRoute struct {
	Group    string                   `json:"group"`
	Match    caddyhttp.RawMatcherSets `json:"match"`
	Handle   []json.RawMessage        `json:"handle"`
	Terminal bool                     `json:"terminal"`
}

type configuredRoutes struct {
	Routes []configuredRoute `json:"routes"`
}

// configuredHandler is a handler as far as gates can be in it.
type configuredHandler struct {
	Handler string `json:"handler"`
	Name    string `json:"name"` // of a named route
	configuredRoutes
	HandleResponse []configuredRoutes         `json:"handle_response"`
	Providers      map[string]json.RawMessage `json:"providers"`
}

// configured is what a configuration has of this module, in its order.
type configured struct {
	gates   []configuredGate
	proxies []configuredProxy
}

// readConfiguration looks for gates and proxies in Caddy's JSON.
func readConfiguration(config []byte) (*configured, error) {
	var c configuration
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	app := &App{mu: new(sync.Mutex)}
	if len(c.Apps.Clerk) > 0 {
		if err := caddy.StrictUnmarshalJSON(c.Apps.Clerk, app); err != nil {
			return nil, fmt.Errorf("reading the app %s: %w", appID, err)
		}
	}
	var proxies []configuredProxy
	f := &gateFinder{app: app}
	for _, name := range sortedKeys(c.Apps.HTTP.Servers) {
		server := c.Apps.HTTP.Servers[name]
		server.httpPort = c.Apps.HTTP.HTTPPort
		f.server = &server
		if err := f.look(server.Routes, nil); err != nil {
			return nil, err
		}
		if err := f.look(server.Errors.Routes, nil); err != nil {
			return nil, err
		}
		proxies = append(proxies, server.proxies...)
	}
	return &configured{append(f.found, f.unused()...), proxies}, nil
}

// unused gives the instances that no gate chooses. Caddy checks them all the
// same.
func (f *gateFinder) unused() []configuredGate {
	var gates []configuredGate
	for _, name := range sortedKeys(f.app.Instances) {
		if !slices.ContainsFunc(f.found, func(g configuredGate) bool { return g.instance == name }) {
			gates = append(gates, configuredGate{
				kind: "instance " + name + ", which no gate chooses", app: f.app, instance: name, unused: true,
			})
		}
	}
	return gates
}

// gateFinder walks through the routes of a server.
type gateFinder struct {
	app    *App
	server *configuredServer
	found  []configuredGate
}

// maxRouteDepth ends named routes that invoke each other.
const maxRouteDepth = 32

func (f *gateFinder) look(routes []configuredRoute, w way) error {
	if len(w) > maxRouteDepth {
		return errors.New("expected no more than 32 routes within each other")
	}
	for i, route := range routes {
		for j, raw := range route.Handle {
			further := append(slices.Clip(w), routeStep{route: route, before: routes[:i], ahead: route.Handle[:j]})
			if err := f.lookInto(raw, further); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *gateFinder) lookInto(raw json.RawMessage, w way) error {
	var h configuredHandler
	if json.Unmarshal(raw, &h) != nil {
		return nil // It is not for us to say what is wrong with other handlers.
	}
	switch h.Handler {
	case directive:
		handler := new(Handler)
		if err := strictUnmarshal(raw, handler); err != nil {
			return fmt.Errorf("reading a %s: %w", directive, err)
		}
		f.add(configuredGate{kind: directive, own: handler.Settings, instance: handler.Instance, handler: handler}, w)
	case "authentication":
		if own, ok := h.Providers["clerk"]; ok {
			provider := new(Provider)
			if err := caddy.StrictUnmarshalJSON(own, provider); err != nil {
				return fmt.Errorf("reading an authentication provider: %w", err)
			}
			f.add(configuredGate{kind: "authentication provider", own: provider.Settings, instance: provider.Instance}, w)
		}
	case proxyDirective:
		proxy := configuredProxy{app: f.app, server: f.server, sites: f.server.sites(hostsOf(w)), way: w}
		if err := strictUnmarshal(raw, &proxy.written); err != nil {
			return fmt.Errorf("reading a %s: %w", proxyDirective, err)
		}
		f.server.proxies = append(f.server.proxies, proxy)
	case "invoke":
		return f.look([]configuredRoute{f.server.NamedRoutes[h.Name]}, w)
	}
	for _, response := range h.HandleResponse {
		if err := f.look(response.Routes, w); err != nil {
			return err
		}
	}
	return f.look(h.Routes, w)
}

// strictUnmarshal reads a handler, of which Caddy takes the name away first.
func strictUnmarshal(raw json.RawMessage, into any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	delete(members, "handler")
	rest, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return caddy.StrictUnmarshalJSON(rest, into)
}

func (f *gateFinder) add(g configuredGate, w way) {
	g.app, g.server, g.sites, g.way = f.app, f.server, f.server.sites(hostsOf(w)), w
	f.found = append(f.found, g)
}

// hostsOf gives the hosts that the innermost route asks for that asks for any.
func hostsOf(w way) []string {
	repl := caddy.NewReplacer()
	for _, step := range slices.Backward(w) {
		var hosts []string
		for _, set := range step.route.Match {
			var some []string
			_ = json.Unmarshal(set["host"], &some) // None, unless it is a list.
			for _, host := range some {
				hosts = append(hosts, strings.ToLower(repl.ReplaceKnown(host, "")))
			}
		}
		if len(hosts) > 0 {
			return hosts
		}
	}
	return []string{""}
}

// sites gives where hosts are reached on the server.
func (s *configuredServer) sites(hosts []string) []configuredSite {
	var sites []configuredSite
	for _, listen := range s.Listen {
		address, err := caddy.ParseNetworkAddress(listen)
		if err != nil || address.IsUnixNetwork() || address.IsFdNetwork() {
			continue
		}
		for _, host := range hosts {
			sites = append(sites, s.site(host, int(address.StartPort)))
		}
	}
	return sites
}

func (s *configuredServer) site(host string, port int) configuredSite {
	site := configuredSite{scheme: "http", host: host, behindProxy: isSet(s.TrustedProxies)}
	if s.isEncrypted(host, port) {
		site.scheme = "https"
	}
	if port != map[string]int{"http": 80, "https": 443}[site.scheme] {
		site.port = strconv.Itoa(port)
	}
	return site
}

// isEncrypted tells whether Caddy will serve a host with TLS
// (https://caddyserver.com/docs/automatic-https#activation).
func (s *configuredServer) isEncrypted(host string, port int) bool {
	httpPort := s.httpPort
	if httpPort == 0 {
		httpPort = caddyhttp.DefaultHTTPPort
	}
	switch {
	case isSet(s.TLS):
		return true
	case port == httpPort || s.AutomaticHTTPS.Disable:
		return false
	case host == "":
		return port == caddyhttp.DefaultHTTPSPort
	}
	for _, skipped := range s.AutomaticHTTPS.Skip {
		if strings.EqualFold(skipped, host) {
			return false
		}
	}
	return true
}

func isSet(raw json.RawMessage) bool {
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null")) && !bytes.Equal(raw, []byte("[]"))
}
