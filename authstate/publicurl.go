// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"strings"

	"github.com/nlnwa/whatwg-url/url"
)

// RequestURL is the address of a request as its sender sees it.
type RequestURL struct {
	// Scheme is http or https.
	Scheme string
	// Host is the host with its port, as in the Host header.
	Host string
	// Target is the path and the query exactly as they were sent. It begins
	// with a slash.
	Target string
}

// DirectURL is the address of a request that came straight from its sender.
// It believes no forwarded header, since anybody can send one.
func DirectURL(r *http.Request) RequestURL {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return RequestURL{Scheme: scheme, Host: r.Host, Target: Target(r)}
}

// Target gives the path and the query of a request as they were sent.
func Target(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	if target := r.URL.RequestURI(); strings.HasPrefix(target, "/") {
		return target
	}
	return "/"
}

// Origin is the address without the target, the default port left out, as a
// browser writes it in the header of that name (RFC 6454, section 6.1).
func (u *RequestURL) Origin() string {
	host := strings.ToLower(u.Host)
	defaultPort := ":80"
	if u.Scheme == "https" {
		defaultPort = ":443"
	}
	return u.Scheme + "://" + strings.TrimSuffix(host, defaultPort)
}

// begins tells whether an address has the very same origin, which most that
// are compared have: no need to read either of them.
func (u *RequestURL) begins(address string) bool {
	rest, ok := strings.CutPrefix(address, u.Scheme)
	if !ok {
		return false
	}
	if rest, ok = strings.CutPrefix(rest, "://"); !ok {
		return false
	}
	rest, ok = strings.CutPrefix(rest, u.Host)
	return ok && (rest == "" || rest[0] == '/')
}

// parse reads the address as a browser does; nil when it is none. The target
// is appended to the origin and never resolved against it, so that a path such
// as //evil.example stays a path.
func (u *RequestURL) parse() *url.Url {
	if !u.isReadable() {
		return nil
	}
	parsed, err := url.Parse(u.Scheme + "://" + u.Host + u.Target)
	if err != nil {
		return nil
	}
	return parsed
}

// What is read of an address at most. Browsers and servers stop at less, and
// the work on a path grows with the square of its segments.
const (
	maxHost     = 1 << 10
	maxTarget   = 16 << 10
	maxSegments = 256
)

// isReadable tells whether the address is within bounds and has a host that
// ends where the target begins: after an empty one, the first segment of the
// path would be taken for it.
func (u *RequestURL) isReadable() bool {
	path, _, _ := strings.Cut(u.Target, "?")
	return u.Host != "" && len(u.Host) <= maxHost && !strings.ContainsAny(u.Host, `/\?#@`) &&
		strings.HasPrefix(u.Target, "/") && len(u.Target) <= maxTarget &&
		strings.Count(path, "/")+strings.Count(path, `\`) <= maxSegments
}

func originOf(u *url.Url) string { return u.Protocol() + "//" + u.Host() }
