// SPDX-License-Identifier: Apache-2.0

package frontendapi

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// upstreams name where Clerk's SDKs find the Frontend API by how the host begins
// and ends that a publishable key names. The first that fits counts, and the last
// fits all.
var upstreams = []struct{ prefix, suffix, url string }{
	{"clerk.", ".lcl.dev", "https://frontend-api.clerk.dev"},
	{"clerk.", ".lclstage.dev", "https://frontend-api.clerk.dev"},
	{"clerk.", ".lclclerk.com", "https://frontend-api.clerk.dev"},
	{"", ".lcl.dev", "https://frontend-api.lclclerk.com"},
	{"", "lclstage.dev", "https://frontend-api.lclclerk.com"},
	{"", ".lclclerk.com", "https://frontend-api.lclclerk.com"},
	{"", ".accountsstage.dev", "https://frontend-api.clerkstage.dev"},
	{"", "", "https://frontend-api.clerk.dev"},
}

// DefaultURL is where the Frontend API is that answers for a host, as publishable
// keys name one.
func DefaultURL(host string) string {
	for _, known := range upstreams {
		if strings.HasPrefix(host, known.prefix) && strings.HasSuffix(host, known.suffix) {
			return known.url
		}
	}
	return ""
}

// Upstream is where the Frontend API is.
type Upstream struct{ base *url.URL }

// NewUpstream takes an absolute URL of http or https, without user information,
// query and fragment. Its host must be a name or an address in plain letters, and
// its path in plain spelling.
func NewUpstream(base *url.URL) (*Upstream, error) {
	if !isPlainHost(base.Hostname()) || !isPlainPort(base.Port()) {
		return nil, errors.New("expected a plain host, such as frontend-api.clerk.dev")
	}
	path := strings.TrimRight(base.Path, "/")
	if base.RawPath != "" || path != "" && (path[0] != '/' || hasOddSegment(path) || strings.ContainsFunc(path, isUnsafe)) {
		return nil, errors.New("expected a plain path, or none")
	}
	return &Upstream{&url.URL{Scheme: base.Scheme, Host: authority(base), Path: path}}, nil
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// authority is the host, and the port unless it is the scheme's own, as browsers
// write it (WHATWG URL).
func authority(u *url.URL) string {
	if port := u.Port(); port == "" || port == defaultPorts[u.Scheme] {
		return strings.TrimSuffix(strings.TrimSuffix(u.Host, port), ":")
	}
	return u.Host
}

func isPlainHost(host string) bool {
	return net.ParseIP(host) != nil || strings.Trim(host, ".-") != "" && !strings.ContainsFunc(host, func(c rune) bool {
		return c != '.' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}

func isPlainPort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && number > 0
}

// String gives the URL, without a slash at its end.
func (u *Upstream) String() string { return u.base.String() }

// Host is the value of the Host header.
func (u *Upstream) Host() string { return u.base.Host }

// IsTLS tells whether it is spoken to by https.
func (u *Upstream) IsTLS() bool { return u.base.Scheme == "https" }

// Address is the host and the port to connect to.
func (u *Upstream) Address() string {
	port := u.base.Port()
	if port == "" {
		port = defaultPorts[u.base.Scheme]
	}
	return net.JoinHostPort(u.base.Hostname(), port)
}

// Join gives the path and the query of a target on the upstream, without scheme
// and host.
func (u *Upstream) Join(t Target) *url.URL {
	joined := &url.URL{Path: u.base.Path + t.Path, RawQuery: t.RawQuery}
	if t.RawPath != t.Path {
		joined.RawPath = u.base.EscapedPath() + t.RawPath
	}
	return joined
}

// PublicLocation gives a redirect to the upstream, which answered a request for a
// path, as one to the proxy. Redirects elsewhere, and what is none, stay as they
// are.
func (u *Upstream) PublicLocation(location, path, proxyURL string) string {
	to, err := url.Parse(location)
	if err != nil || location == "" {
		return location
	}
	asked := &url.URL{Scheme: u.base.Scheme, Host: u.base.Host, Path: path}
	to = asked.ResolveReference(to)
	if to.Path == "" && to.Opaque == "" {
		to.Path = "/" // As browsers and Clerk's SDKs write an origin (WHATWG URL).
	}
	below, ok := Below(to.EscapedPath(), u.base.EscapedPath())
	if !ok || to.Scheme != u.base.Scheme || !strings.EqualFold(authority(to), u.base.Host) || to.User != nil {
		return location
	}
	public := proxyURL + below
	if to.RawQuery != "" {
		public += "?" + to.RawQuery
	}
	if fragment := to.EscapedFragment(); fragment != "" {
		public += "#" + fragment
	}
	return public
}
