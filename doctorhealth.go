// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// selfTest is where Clerk says what it makes of a proxy.
const selfTest = "/v1/proxy-health"

// proxyHealth is what it says.
type proxyHealth struct {
	code         int    // of HTTP
	Status       string `json:"status"`
	Message      string `json:"message"`
	ForwardedFor string `json:"x_forwarded_for"`
	Errors       []struct {
		Code        string `json:"code"`
		Message     string `json:"message"`
		LongMessage string `json:"long_message"`
	} `json:"errors"`
}

// askProxyHealth asks by the proxy. It fails where nothing answers at all.
func (c *console) askProxyHealth(ctx context.Context, p *patient, address string) (*proxyHealth, error) {
	test := address + selfTest
	if id := c.domainOf(ctx, p, address); id != "" {
		test += "?domain_id=" + url.QueryEscape(id)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, test, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.doer().Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("asking %s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	health := &proxyHealth{code: resp.StatusCode}
	if body, err := backendapi.ReadBody(resp.Body); err == nil {
		_ = json.Unmarshal(body, health) // What cannot be read says nothing.
	}
	return health, nil
}

// domainOf gives Clerk's ID of the domain that the proxy is of, which the self-test
// asks for; empty where it cannot be found out.
func (c *console) domainOf(ctx context.Context, p *patient, address string) string {
	if p.backend == nil || p.backend.err != nil {
		return ""
	}
	api, err := c.backendAPI(p.resolved)
	if err != nil {
		return ""
	}
	domains, err := api.Domains.List(ctx)
	if err != nil {
		return ""
	}
	id := ""
	for _, domain := range domains.Data {
		switch {
		case strings.TrimRight(domain.ProxyURL.Or(""), "/") == address:
			return domain.ID
		case id == "" && !domain.IsSatellite:
			id = domain.ID
		}
	}
	return id
}

// proxyHeaders are what Clerk asks a proxy for, with a part that names each in what
// Clerk says, and what to do about one that is wrong.
var proxyHeaders = []struct{ name, part, remedy string }{
	{headerProxyURL, "proxy-url", "set the proxy's URL, as browsers see it, in the Clerk Dashboard (Domains) and in proxy_url; if another proxy stands before Caddy, name it in trusted_proxies"},
	{headerSecretKey, "secret-key", "give clerk_proxy the secret_key of the instance that publishable_key names, in the global option clerk or by `instance`"},
	{headerForwardedFor, "forwarded-for", remedyForwardedFor},
}

const (
	headerForwardedFor = "X-Forwarded-For"
	remedyForwardedFor = "let X-Forwarded-For have the client's address and no other: name the proxy before Caddy in trusted_proxies, " +
		"and send nothing to Clerk by a second proxy behind it"
)

// examine says what Clerk makes of the proxy, and which of its headers is wrong.
func (h *proxyHealth) examine(address string) checkup {
	said := h.said()
	switch {
	case h.Status == "healthy":
		return h.examineAddress(address)
	case said == "" && h.code == http.StatusNotFound:
		return skipped("what is behind %s has no self-test, so whether Clerk likes the proxy's headers cannot be told", address)
	}
	words := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(said))
	for _, header := range proxyHeaders {
		if strings.Contains(words, header.part) {
			return failed(header.remedy, "Clerk finds fault with the header %s of %s: %s", header.name, address, said)
		}
	}
	if h.Status != "" {
		return failed("set right what Clerk says, and look at the proxy's state in the Clerk Dashboard (Domains)",
			"Clerk finds fault with %s: %s", address, said)
	}
	return skipped("the self-test at %s answers %d %s, so whether Clerk likes the proxy's headers cannot be told", address, h.code, said)
}

// longestSaid is how much of what Clerk says is repeated, in bytes.
const longestSaid = 200

// said is why Clerk is not content.
func (h *proxyHealth) said() string {
	words := []string{h.Message}
	if len(h.Errors) > 0 {
		words = append(words, h.Errors[0].Code, h.Errors[0].Message, h.Errors[0].LongMessage)
	}
	words = slices.Compact(words) // The long message is often the short one.
	text := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	return strings.ToValidUTF8(text[:min(len(text), longestSaid)], "")
}

// examineAddress looks at whom Clerk takes this machine for.
func (h *proxyHealth) examineAddress(address string) checkup {
	seen, err := netip.ParseAddr(h.ForwardedFor)
	switch {
	case err != nil:
		return failed(remedyForwardedFor, "Clerk is told by %s of %s that the client's address is %.100q, which is none", headerForwardedFor, address, h.ForwardedFor)
	case seen.IsPrivate():
		return warning("if others are taken for it as well, "+remedyForwardedFor,
			"Clerk finds no fault with %s, and takes this machine for %s, which is no address of the Internet", address, seen)
	default:
		return fine("Clerk finds no fault with %s, and takes this machine for %s", address, seen)
	}
}
