// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"os"
	"slices"
)

// configuredProxy is a clerk_proxy as it stands in a configuration.
type configuredProxy struct {
	written FrontendProxy
	app     *App
	server  *configuredServer
	sites   []configuredSite
	way     way
}

// proxiesAlone gives those whose server has no gate.
func (c *configured) proxiesAlone() []configuredProxy {
	return slices.DeleteFunc(slices.Clone(c.proxies), func(p configuredProxy) bool {
		return slices.ContainsFunc(c.gates, func(g configuredGate) bool { return g.server == p.server })
	})
}

// keys stands for the proxy where nothing is asked but what keys it has, and what
// it stands before.
func (p *configuredProxy) keys() configuredGate {
	return configuredGate{kind: proxyDirective, app: p.app, instance: p.written.Instance, server: p.server, sites: p.sites, way: p.way}
}

// path is where it answers.
func (p *configuredProxy) path() string { return mounted{Path: p.written.Path}.path() }

// settle gives the proxy and its settings as they would be.
func (p *configuredProxy) settle() (FrontendProxy, *resolved, error) {
	proxy := p.written
	r, err := p.app.complete(Settings{}, proxy.Instance)
	if err != nil {
		return proxy, nil, err
	}
	return proxy, r, proxy.settle(r)
}

// proxiedSettings are those that a proxy takes from the app or from an instance.
var proxiedSettings = []string{"instance", "publishable_key", "secret_key", "proxy_url"}

// report gives the proxy's effective settings.
func (p *configuredProxy) report() gateReport {
	keys := p.keys()
	report := keys.report()
	report.Settings = slices.DeleteFunc(report.Settings, func(s settingReport) bool { return !slices.Contains(proxiedSettings, s.Name) })
	proxy, _, err := p.settle()
	upstream := p.written.Upstream
	if err == nil {
		upstream = proxy.upstream.String()
	} else {
		report.Problem = err.Error()
	}
	report.Settings = append(report.Settings, settingReport{"path", p.path(), sourceOf(p.written.Path, "")})
	if upstream != "" {
		report.Settings = append(report.Settings, settingReport{"upstream", upstream, sourceOf(p.written.Upstream, "CLERK_FAPI_URL")})
	}
	return report
}

// sourceOf says where a setting of the proxy's own comes from, which may stand in
// a variable.
func sourceOf(written, variable string) string {
	switch used := placeholdersIn(written); {
	case used != "":
		return layerDirective + ", " + used
	case written != "":
		return layerDirective
	case os.Getenv(variable) != "":
		return layerEnvironment + ", " + variable
	default:
		return "default"
	}
}
