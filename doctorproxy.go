// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// everyProxied is what every proxy passes on, below its path.
const everyProxied = "/v1/client"

// examineProxy looks at whoever the Frontend API is reached by, and asks them.
func examineProxy(ctx context.Context, c *console, p *patient) []checkup {
	if checks := p.examineOrder(); len(checks) > 0 {
		return checks
	}
	if p.ProxyURL == "" {
		return p.examineUnnamedProxy()
	}
	if !strings.HasPrefix(p.ProxyURL, "/") {
		return p.examineProxyAt(ctx, c, p.ProxyURL)
	}
	return p.examineProxyOnSites(ctx, c, p.ProxyURL)
}

// examineProxyAlone is for a proxy that no gate relies on.
func examineProxyAlone(ctx context.Context, c *console, p *patient) []checkup {
	if p.ProxyURL != "" && !strings.HasPrefix(p.ProxyURL, "/") {
		return p.examineProxyAt(ctx, c, p.ProxyURL)
	}
	return p.examineProxyOnSites(ctx, c, p.path)
}

func (p *patient) examineProxyOnSites(ctx context.Context, c *console, path string) []checkup {
	var checks []checkup
	for _, site := range p.gate.sites {
		if site.isConcrete() && (site.scheme == "https" || site.isLocal()) {
			checks = append(checks, p.examineProxyAt(ctx, c, site.String()+path)...)
		}
	}
	if len(checks) == 0 {
		return []checkup{skipped("%s is a path, and the configuration names no site that it could be asked at", path)}
	}
	return checks
}

// examineOrder looks for proxies that the gate stands before: nobody could sign in
// there, and a handshake would be sent round to itself.
func (p *patient) examineOrder() []checkup {
	var checks []checkup
	for _, place := range p.proxyPlaces() {
		if seen, err := p.gate.way.sees(place.probe); err == nil && seen {
			checks = append(checks, failed("let clerk_proxy stand before clerk_auth: in a `route` they come in the order in which they are written, and elsewhere by themselves",
				"the gate stands before the clerk_proxy at %s, so what Clerk's scripts ask for is refused or redirected, and nobody can sign in", place.address))
		}
	}
	return onceEach(checks)
}

// examineUnnamedProxy looks for proxies of the gate's instance that it does not
// know of.
func (p *patient) examineUnnamedProxy() []checkup {
	var checks []checkup
	for _, place := range p.proxyPlaces() {
		if _, r, err := place.proxy.settle(); err != nil || p.PublishableKey == "" || r.key.FrontendAPI != p.key.FrontendAPI {
			continue
		}
		checks = append(checks, warning("set proxy_url "+place.proxy.path()+" in the global option clerk, or in the gate",
			"clerk_proxy is at %s and the gate has no proxy_url, so handshakes go to https://%s all the same, and tokens that name the proxy as their issuer are refused",
			place.address, p.key.FrontendAPI))
	}
	if len(checks) > 0 {
		return onceEach(checks)
	}
	return []checkup{skipped("there is no proxy_url")}
}

// proxyPlace is where a clerk_proxy answers on a site of the gate's.
type proxyPlace struct {
	proxy *configuredProxy
	// address is the proxy's, and probe one below it.
	address, probe string
}

func (p *patient) proxyPlaces() []proxyPlace {
	if p.gate.server == nil {
		return nil
	}
	var places []proxyPlace
	for _, site := range p.gate.sites {
		for i := range p.gate.server.proxies {
			proxy := &p.gate.server.proxies[i]
			probe := site.example().String() + proxy.path() + everyProxied
			if answers, err := proxy.way.sees(probe); err == nil && answers {
				places = append(places, proxyPlace{proxy, site.String() + proxy.path(), probe})
			}
		}
	}
	return places
}

// example gives a site that a browser can name in the place of many.
func (s configuredSite) example() configuredSite {
	if s.host = strings.ReplaceAll(s.host, "*", "www"); !s.isConcrete() {
		s.host = "localhost" // Any name is as good for a server of all hosts.
	}
	return s
}

// proxyAddress is where proxy_url leads.
type proxyAddress struct {
	url, path string
	// proxy is the clerk_proxy that the gate's server has there, nil for none, and
	// here tells that it is on a site of the gate's.
	proxy *configuredProxy
	here  bool
}

func (p *patient) locate(address string) proxyAddress {
	at := proxyAddress{url: strings.TrimRight(address, "/")}
	u, err := url.Parse(at.url)
	if err != nil {
		return at
	}
	at.path = u.Path
	at.here = slices.ContainsFunc(p.gate.sites, func(s configuredSite) bool { return s.String()+u.Path == at.url })
	if p.gate.server == nil {
		return at
	}
	for i := range p.gate.server.proxies {
		proxy := &p.gate.server.proxies[i]
		if answers, err := proxy.way.sees(at.url + everyProxied); err == nil && answers && proxy.path() == at.path {
			at.proxy = proxy
		}
	}
	return at
}

// examineProxyAt asks a proxy for the instance's keys, and has Clerk say what it
// makes of the proxy's headers.
func (p *patient) examineProxyAt(ctx context.Context, c *console, address string) []checkup {
	at := p.locate(address)
	health, err := c.askProxyHealth(ctx, p, at.url)
	if at.proxy != nil {
		if _, _, mistake := at.proxy.settle(); mistake != nil {
			problem, remedy := splitRemedy(mistake)
			return []checkup{failed(remedyOr(remedy, "correct the setting of clerk_proxy"), "clerk_proxy at %s: %s", at.url, problem)}
		}
		if err != nil {
			return []checkup{skipped("clerk_proxy is at %s, and it takes a site that runs to tell whether it answers: %v", at.url, err)}
		}
	}
	found := p.examineProxiedKeys(at, c.fetchPublicKeys(ctx, at.url+wellKnownKeys))
	if found.Result != checkupOK || err != nil {
		return []checkup{found}
	}
	return []checkup{found, health.examine(at.url)}
}

func (p *patient) examineProxiedKeys(at proxyAddress, set *fetchedSet) checkup {
	remedy := "let " + at.url + " pass everything below it on to https://" + p.key.FrontendAPI +
		" with the headers Clerk-Proxy-Url, Clerk-Secret-Key and X-Forwarded-For, outside of any gate; or leave proxy_url out"
	nobody := ""
	switch {
	case at.proxy != nil:
		remedy = "look in the log for what clerk_proxy says of its upstream, and let this machine reach it"
	case at.here:
		remedy, nobody = "put `clerk_proxy "+at.path+"` into the site; or "+remedy, ", and no clerk_proxy is there"
	}
	keys := publicKeys(set.body)
	switch {
	case set.err != nil:
		return failed(remedy, "%s does not answer as Clerk%s: %v", at.url, nobody, set.err)
	case len(keys) == 0:
		return failed(remedy, "%s does not answer as Clerk%s: expected a key set, got something else", at.url, nobody)
	case p.frontend != nil && p.frontend.err == nil && !shares(keys, publicKeys(p.frontend.body)):
		return failed(remedy, "%s passes on to another instance (%s)", at.url, describeSet(set.body))
	}
	return fine("%s answers as Clerk", at.url)
}
