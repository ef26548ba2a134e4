// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// eachSite examines the sites that a browser can name, and says once why there
// is nothing to examine.
func (p *patient) eachSite(examine func(configuredSite) checkup) []checkup {
	var checks []checkup
	for _, site := range p.gate.sites {
		if site.isConcrete() {
			checks = append(checks, examine(site))
		}
	}
	if len(checks) == 0 {
		return []checkup{skipped("the configuration does not say by what name the gate is reached")}
	}
	return onceEach(checks)
}

// onceEach leaves out what has been found before.
func onceEach(checks []checkup) []checkup {
	var some []checkup
	for _, check := range checks {
		if !slices.Contains(some, check) {
			some = append(some, check)
		}
	}
	return some
}

// examineEncryption looks for sites whose session cookies a browser will not
// keep: they are Secure, but for those of this very machine.
func examineEncryption(_ context.Context, _ *console, p *patient) []checkup {
	return p.eachSite(func(site configuredSite) checkup {
		remedy := "serve the site with HTTPS: leave http:// out of its address, and Caddy gets a certificate"
		switch {
		case site.scheme == "https":
			return fine("%s is encrypted", site)
		case site.isLocal():
			return fine("%s is on this machine, where browsers keep Secure cookies all the same", site)
		case site.behindProxy:
			return fine("%s is not encrypted by Caddy; it trusts proxies, which must be who encrypts", site)
		default:
			return failed(remedy+"; if a proxy before Caddy encrypts, name it in trusted_proxies",
				"%s is not encrypted, so browsers do not keep the session cookies of this %s instance and are redirected in a loop", site, p.instanceType())
		}
	})
}

func (p *patient) instanceType() string {
	if p.PublishableKey == "" {
		return "Clerk"
	}
	return string(p.key.InstanceType)
}

// examineCookies looks for sites that the cookies of a production instance do
// not reach: they are of the domain that its Frontend API is on.
func examineCookies(_ context.Context, _ *console, p *patient) []checkup {
	if p.PublishableKey == "" || p.key.InstanceType == authstate.Development {
		return []checkup{skipped("only a production instance is bound to a domain")}
	}
	home := registrable(p.key.FrontendAPI)
	return p.eachSite(func(site configuredSite) checkup {
		if home == "" || registrable(site.host) == home {
			return fine("%s is on the domain of the instance, %s", site, home)
		}
		if p.IsSatellite {
			return fine("%s is a satellite of the instance on %s", site, home)
		}
		return failed("serve the site below "+home+", or make it a satellite with is_satellite and domain, or use the keys of the instance that is on its domain",
			"%s is not on the domain of the production instance, %s, so its cookies do not reach it", site, home)
	})
}

// registrable gives the domain that cookies can be shared on (RFC 6265, section
// 5.3, with the public suffix list).
func registrable(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
	if err != nil {
		return strings.ToLower(host)
	}
	return domain
}

// examineAuthorizedParties looks for sites whose own tokens are refused.
func examineAuthorizedParties(_ context.Context, _ *console, p *patient) []checkup {
	if len(p.AuthorizedParties) == 0 {
		return []checkup{warning("set authorized_parties to "+p.origins(), "authorized_parties is not set, so a token that another site on a subdomain got hold of is accepted here")}
	}
	return p.eachSite(func(site configuredSite) checkup {
		if slices.Contains(p.AuthorizedParties, site.seen()) {
			return fine("%s is one of them", site.seen())
		}
		if !p.gate.redirects() {
			return fine("%s is not one of them (%s), as is right for what pages there call", site.seen(), strings.Join(p.AuthorizedParties, ", "))
		}
		return failed("add "+site.seen()+" to authorized_parties", "%s is not one of them (%s), so everybody who signs in there is refused",
			site.seen(), strings.Join(p.AuthorizedParties, ", "))
	})
}

// redirects tells whether people come to the gate with their browsers, and get
// sessions for its own site. Scopes are what machines alone have.
func (g *configuredGate) redirects() bool {
	if g.handler == nil || g.handler.Optional || g.handler.SignedOut != "" && g.handler.SignedOut != signedOutRedirect {
		return false
	}
	return !slices.ContainsFunc(g.handler.Require, func(r Requirement) bool { return r.Kind == string(access.KindScope) })
}

// seen gives the origin that browsers see: a proxy that is trusted is taken for
// the one that encrypts.
func (s configuredSite) seen() string {
	if s.behindProxy && s.scheme == "http" && !s.isLocal() {
		return "https://" + s.host
	}
	return s.String()
}

func (p *patient) origins() string {
	var origins []string
	for _, site := range p.gate.sites {
		if site.isConcrete() && !slices.Contains(origins, site.seen()) {
			origins = append(origins, site.seen())
		}
	}
	if len(origins) == 0 {
		return "the origins of your site, such as https://app.example.com"
	}
	return strings.Join(origins, " ")
}

// examineSignInPage looks for a sign-in page behind the gate that sends people
// there.
func examineSignInPage(_ context.Context, _ *console, p *patient) []checkup {
	if p.SignInURL == "" {
		return []checkup{fine("the instance's Account Portal, which is not behind this gate")}
	}
	if !p.gate.redirects() {
		return []checkup{fine("nobody is sent there by this gate")}
	}
	page, err := url.Parse(p.SignInURL)
	if err != nil {
		return []checkup{failed("set sign_in_url to the address of the page", "sign_in_url is no address")}
	}
	var checks []checkup
	for _, site := range p.gate.sites {
		if !page.IsAbs() || strings.EqualFold(page.Hostname(), site.host) {
			checks = append(checks, p.examineSignInAt(site, page))
		}
	}
	if len(checks) == 0 {
		return []checkup{fine("%s is on another site", p.SignInURL)}
	}
	return onceEach(checks)
}

func (p *patient) examineSignInAt(site configuredSite, page *url.URL) checkup {
	if !site.isConcrete() {
		site.host = "localhost" // Any name is as good for a server of all hosts.
	}
	base, err := url.Parse(site.String())
	if err != nil {
		return skipped("%s is no address", site)
	}
	address := base.ResolveReference(page)
	seen, err := p.gate.way.sees(address.String())
	switch {
	case errors.Is(err, errCannotTell):
		return skipped("%v, so a request must tell whether %s is behind the gate", err, address.Path)
	case err != nil:
		return skipped("%v", err)
	case seen:
		return failed("leave the page out of the gate: `@members not path "+address.Path+"*` and `clerk_auth @members`",
			"%s is behind the gate that sends people there, so they are redirected in a loop", address.Path)
	default:
		return fine("%s is not behind the gate", address.Path)
	}
}
