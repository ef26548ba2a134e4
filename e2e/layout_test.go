// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// layout is one way for the demo and Clerk's Frontend API to stand: the instance
// is a development or a production one, and is on the site itself or elsewhere,
// behind clerk_proxy.
type layout struct {
	production, proxied bool
}

var layouts = []layout{{false, false}, {true, false}, {false, true}, {true, true}}

func (l layout) String() string {
	text := "pk_test"
	if l.production {
		text = "pk_live"
	}
	if l.proxied {
		return text + " behind clerk_proxy"
	}
	return text + " on the site"
}

// name is that of the instance, in the Caddyfile.
func (l layout) name() string { return strings.ReplaceAll(l.String(), " ", "_") }

// host is the Frontend API's. Each has its own, so that no two share keys. That
// clerk-js knows a development instance by.
func (l layout) host() string {
	place := "site"
	if l.proxied {
		place = "proxy"
	}
	if l.production {
		return "clerk." + place + ".example.com"
	}
	return place + "-e2e-1.clerk.accounts.dev"
}

// kind is the part of keys that tells a development from a production instance.
func (l layout) kind() string {
	if l.production {
		return "live"
	}
	return "test"
}

func (l layout) publishableKey() string {
	return "pk_" + l.kind() + "_" + base64.RawStdEncoding.EncodeToString([]byte(l.host()+"$"))
}

func (l layout) secretKey() string { return "sk_" + l.kind() + "_" + l.name() }

// place is where a layout is served.
type place struct {
	layout
	// origin is the site's, and api the Backend API's URL.
	origin, api string
	lifetime    time.Duration
	// outside tells that the Frontend API is not in this Caddy.
	outside bool
}

// startLayouts runs one Caddy with all layouts until the test ends, with tokens of
// the lifetime, which no skew of clocks makes longer.
func startLayouts(t *testing.T, lifetime time.Duration, layouts ...layout) []place {
	t.Helper()
	return startPlaces(t, lifetime, "", layouts...)
}

// startBefore runs a Caddy with clerk_proxy before a Frontend API of the test's own.
func startBefore(t *testing.T, clerk http.Handler, l layout) place {
	t.Helper()
	server := httptest.NewServer(clerk)
	t.Cleanup(server.Close)
	return startPlaces(t, 0, server.URL+"/__clerk", l)[0]
}

func startPlaces(t *testing.T, lifetime time.Duration, outside string, layouts ...layout) []place {
	t.Helper()
	requireClient(t)
	const each = 3
	var places []place
	runCaddy(t, each*len(layouts), func(ports []string, log string) string {
		var head *draft
		var instances, sites strings.Builder
		places = nil
		for i, l := range layouts {
			site, upstream, elsewhere := ports[each*i], ports[each*i+1], ports[each*i+2]
			p := place{layout: l, origin: "http://localhost:" + site, lifetime: lifetime, outside: outside != ""}
			switch {
			case p.outside:
				p.api = outside
			case l.proxied:
				p.api = "http://localhost:" + elsewhere + "/__clerk"
			default:
				p.api = p.origin + "/__clerk"
			}
			d := newDraft(t, site, upstream)
			p.write(d)
			settings, rest := d.split()
			head = d
			fmt.Fprintf(&instances, "\t\tinstance %s {\n%s\n\t\t}\n", l.name(), settings)
			sites.WriteString(rest)
			places = append(places, p)
		}
		head.keep(log)
		whole := head.text + "\tclerk {\n\t\tclock_skew 0s\n" + instances.String() + "\t}\n}\n\n" + sites.String()
		return string(caddyfile.Format([]byte(whole)))
	})
	return places
}

// requireClient fails where Clerk's packages have not been fetched.
func requireClient(t *testing.T) {
	t.Helper()
	for _, file := range []string{"clerk-js/dist/clerk.browser.js", "ui/dist/ui.browser.js"} {
		if _, err := os.Stat(filepath.Join(root, clientDirectory, file)); err != nil {
			t.Fatalf("Clerk's own client is not at hand (%v); fetch it with: bash e2e/fetch", err)
		}
	}
}

// organizationPages are added to the demo: their addresses name the organization
// that is to be active.
const organizationPages = `	clerk_auth /orgs/* {
		authorized_parties %s
		organization_sync {
			organization /orgs/:slug /orgs/:slug/(.*)
		}
	}
	handle /orgs/* {
		header Content-Type text/html
		respond "<title>{http.clerk.org_slug}</title>"
	}
`

// contentPolicy lets the page have no script but the files of this origin. Styles
// are the prebuilt sign-in's own, and a worker is what clerk-js keeps time with.
const contentPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; worker-src blob:"

// write makes the demo's Caddyfile one of the layout.
func (p place) write(d *draft) {
	d.replace("pk_test_ZW11bGF0b3IuY2xlcmsuYWNjb3VudHMuZGV2JA", p.publishableKey())
	d.replace("sk_test_emulator", p.secretKey())
	d.replace("api_url "+p.origin+"/__clerk", "api_url "+p.api)
	d.replace("\thandle /api {\n", fmt.Sprintf(organizationPages, p.origin)+
		fmt.Sprintf("\theader /app Content-Security-Policy %q\n\thandle /api {\n", contentPolicy))
	for _, matcher := range []string{"@gated", "/admin*", "/public", "/api", "/orgs/*"} {
		d.replace("clerk_auth "+matcher+" {\n", "clerk_auth "+matcher+" {\n\t\tinstance "+p.name()+"\n")
	}
	if !p.proxied {
		d.replace("\tclerk_emulator /__clerk\n", p.emulator())
		return
	}
	d.replace("\tclerk_emulator /__clerk\n", fmt.Sprintf("\tclerk_proxy {\n\t\tinstance %s\n\t\tupstream %s\n\t}\n", p.name(), p.api))
	if !p.outside {
		d.text += strings.TrimSuffix(p.api, "/__clerk") + " {\n\tbind 127.0.0.1\n" + p.emulator() + "}\n"
	}
}

// emulator is the directive that plays Clerk.
func (p place) emulator() string {
	directive := fmt.Sprintf("\tclerk_emulator /__clerk {\n\t\tfrontend_api %s\n\t\tsecret_key %s\n\t\ttoken_lifetime %s\n",
		p.host(), p.secretKey(), p.lifetime)
	if p.production {
		directive += "\t\tproduction\n"
	}
	return directive + "\t}\n"
}

// split takes the sites out of the draft, and the instance out of its options,
// which are left open.
func (d *draft) split() (instance, sites string) {
	d.t.Helper()
	options, sites, isOne := strings.Cut(d.text, "\n}\n\n")
	head, clerk, hasClerk := strings.Cut(options, "\tclerk {\n")
	instance, tail, _ := strings.Cut(clerk, "\n\t}")
	if !isOne || !hasClerk || strings.TrimSpace(tail) != "" {
		d.t.Fatalf("%s no longer ends its options with those of clerk; the test has to follow it", demoFile)
	}
	d.text = head
	return instance, sites + "\n"
}
