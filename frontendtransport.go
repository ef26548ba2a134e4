// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"maps"
	"net/http"
	"net/netip"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/frontendapi"
)

// The headers that Clerk asks a proxy for
// (https://clerk.com/docs/guides/dashboard/dns-domains/proxy-fapi).
const (
	headerProxyURL  = "Clerk-Proxy-Url"
	headerSecretKey = "Clerk-Secret-Key" //nolint:gosec // It is the name of a header.
)

// edgeHeaders are those by which a client could speak for the edge: the ones that
// are set here, and others that name a client's address. Upgrade is one that the
// Frontend API has no use for.
var edgeHeaders = []string{
	headerProxyURL, headerSecretKey, "Forwarded", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip",
	"Cf-Connecting-Ip", "Fastly-Client-Ip", "Upgrade",
}

// frontendRequest is what the transport has to know of a request.
type frontendRequest struct {
	// proxyURL is where the browser finds the proxy, scheme and host what it
	// asked for, clientIP its address; empty when it has none.
	proxyURL, scheme, host, clientIP string
}

type frontendRequestKey struct{}

// newFrontendRequest reads a request that has been prepared.
func newFrontendRequest(r *http.Request, proxyURL, path string) *frontendRequest {
	public := publicURL(r)
	if proxyURL == "" {
		proxyURL = public.Origin() + path
	}
	return &frontendRequest{proxyURL: proxyURL, scheme: public.Scheme, host: public.Host, clientIP: clientIP(r)}
}

// clientIP is the client's address in the server's view, without a zone, which
// means nothing on another machine.
func clientIP(r *http.Request) string {
	text, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	address, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return address.Unmap().WithZone("").String()
}

// frontendTransport adds what Clerk asks a proxy for, the secret key included. It
// stands below reverse_proxy, which logs the headers that it sends.
type frontendTransport struct {
	next      http.RoundTripper
	upstream  *frontendapi.Upstream
	secretKey string
}

// RoundTrip implements http.RoundTripper.
func (t *frontendTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	of := r.Context().Value(frontendRequestKey{}).(*frontendRequest)
	out := r.WithContext(r.Context())
	out.Host = t.upstream.Host()
	// The values stay shared, since none is changed.
	out.Header = maps.Clone(r.Header)
	for name, value := range map[string]string{
		headerProxyURL:      of.proxyURL,
		headerSecretKey:     t.secretKey,
		"X-Forwarded-Host":  of.host,
		"X-Forwarded-Proto": of.scheme,
		"X-Forwarded-For":   of.clientIP,
	} {
		out.Header[name] = []string{value}
	}
	if of.clientIP == "" {
		delete(out.Header, "X-Forwarded-For")
	}
	resp, err := t.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	if location := resp.Header.Get("Location"); location != "" {
		resp.Header.Set("Location", t.upstream.PublicLocation(location, out.URL.Path, of.proxyURL))
	}
	return resp, nil
}
