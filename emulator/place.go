// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/emulator/internal/destination"
)

// place is where a browser sees the emulator. Its origin and host are empty when
// the request's Host header is no host; its path is the root's when empty.
type place struct{ origin, host, path string }

func (p place) isSecure() bool { return strings.HasPrefix(p.origin, "https:") }

// The headers with which a proxy in front of the Frontend API says where a
// browser sees it, and that it may say so.
const (
	headerProxyURL  = "Clerk-Proxy-Url"
	headerSecretKey = "Clerk-Secret-Key" //nolint:gosec // It is a header's name.
)

// seenFrom gives the place that the browser asked at. A proxy is believed when it
// has the secret key; nobody else can move cookies and tokens to another place.
func (e *Emulator) seenFrom(r *http.Request) place {
	if e.isSecretKey(r.Header.Get(headerSecretKey)) {
		if proxied, ok := parsePlace(r.Header.Get(headerProxyURL)); ok {
			return proxied
		}
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	origin, host, err := destination.OriginOf(scheme, r.Host)
	if err != nil {
		return place{path: e.mount}
	}
	return place{origin: origin, host: host, path: e.mount}
}

// parsePlace takes the address that a proxy names, and no address with more in it.
func parsePlace(address string) (place, bool) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return place{}, false
	}
	path, err := cleanMount(strings.TrimSuffix(parsed.Path, "/") + "/")
	if err != nil || checkOrigin(parsed.Scheme+"://"+parsed.Host) != nil {
		return place{}, false
	}
	origin, host, err := destination.OriginOf(parsed.Scheme, parsed.Host)
	return place{origin: origin, host: host, path: path}, err == nil
}

// isCrossOrigin tells whether the page that sent a request is on another origin
// than the emulator. What browsers say of it no page can change. A request that
// says nothing is not a page's.
func isCrossOrigin(r *http.Request, seen place) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
		origin := r.Header.Get("Origin")
		return origin != "" && origin != seen.origin
	default:
		return true
	}
}
