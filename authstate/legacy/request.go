// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"net/http"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// Names of Clerk's cookies.
const (
	cookieSession   = "__session"
	cookieClientUAT = "__client_uat"
)

// request is what decides when there is no token in the header.
type request struct {
	development            bool
	cookieToken, clientUAT string
	origin, referrer       string
	userAgent              string
	// address is the request's own, as its sender sees it.
	address authstate.RequestURL
}

func (a *Authenticator) read(r *http.Request) *request {
	return &request{
		development: a.options.Development,
		cookieToken: cookie(r, cookieSession),
		clientUAT:   cookie(r, cookieClientUAT),
		// Several are one that no address equals, as in Node.js.
		origin:    strings.Join(r.Header["Origin"], ", "),
		referrer:  r.Header.Get("Referer"),
		userAgent: r.Header.Get("User-Agent"),
		address:   a.options.PublicURL(r),
	}
}

// headerToken gives the token of the Authorization header. The SDKs took away
// the scheme if it was there, and looked at no other: what is not a token is
// refused as one.
func headerToken(h http.Header) string {
	return strings.TrimPrefix(h.Get("Authorization"), "Bearer ")
}

// cookie gives the value of the first cookie of a name, empty without.
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// isCrossOrigin tells whether an address, as browsers write it into Origin and
// Referer, is of another origin than the request's. One that cannot be read,
// and "null", is nobody's.
func (q *request) isCrossOrigin(address string) bool {
	scheme, host, _ := strings.Cut(address, "://")
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	host = withoutDefaultPort(q.address.Scheme, host)
	return host == "" || !strings.EqualFold(scheme, q.address.Scheme) ||
		host != withoutDefaultPort(q.address.Scheme, q.address.Host)
}

func withoutDefaultPort(scheme, host string) string {
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	return strings.TrimSuffix(strings.ToLower(host), port)
}
