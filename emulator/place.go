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
		if proxied, err := parsePlace(r.Header.Get(headerProxyURL)); err == nil {
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

func parsePlace(address string) (place, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return place{}, err
	}
	path, err := cleanMount(parsed.Path + "/")
	if err != nil {
		return place{}, err
	}
	if err := checkOrigin(parsed.Scheme + "://" + parsed.Host); err != nil {
		return place{}, err
	}
	origin, host, err := destination.OriginOf(parsed.Scheme, parsed.Host)
	return place{origin: origin, host: host, path: path}, err
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
