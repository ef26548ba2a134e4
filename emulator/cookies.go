// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"net/http"
	"strconv"
	"time"
)

// The names of Clerk's cookies and of the query parameters that travel in their
// place.
const (
	cookieClient         = "__client"
	cookieClientUat      = "__client_uat"
	cookieSession        = "__session"
	cookieRefresh        = "__refresh"
	cookieDevBrowser     = "__clerk_db_jwt"
	cookieHandshake      = "__clerk_handshake"
	cookieHandshakeNonce = "__clerk_handshake_nonce"
)

const yearSeconds = 365 * 24 * 60 * 60

// cookie is one as Clerk sets it: for the whole host and readable by its scripts.
func cookie(name, value string, secure bool) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Clerk's scripts read these cookies, and Secure follows the scheme.
		Name:     name,
		Value:    value,
		Path:     "/",
		MaxAge:   yearSeconds,
		Secure:   secure,
		SameSite: http.SameSiteLaxMode,
	}
}

// httpOnly hides a cookie from scripts.
func httpOnly(c *http.Cookie) *http.Cookie { //nolint:gosec // Secure follows the scheme.
	c.HttpOnly = true
	return c
}

func expired(name string, secure bool) *http.Cookie {
	c := cookie(name, "", secure) //nolint:gosec // See cookie.
	c.MaxAge = -1                 // The standard library writes this as Max-Age=0.
	return c
}

func (e *Emulator) suffixed(name string) string { return name + "_" + e.suffix }

// both makes a cookie under its plain and its suffixed name.
func (e *Emulator) both(name, value string, secure bool) []*http.Cookie {
	return []*http.Cookie{cookie(name, value, secure), cookie(e.suffixed(name), value, secure)}
}

func (e *Emulator) bothExpired(name string, secure bool) []*http.Cookie {
	return []*http.Cookie{expired(name, secure), expired(e.suffixed(name), secure)}
}

// uatCookies tell when it last changed who is signed in, 0 when nobody is. The
// time never lies after now, so that no token issued from now on is older.
func (e *Emulator) uatCookies(c client, now time.Time, secure bool) []*http.Cookie {
	uat := int64(0)
	if len(c.sessions) > 0 {
		uat = min(c.changed.Unix(), now.Unix())
	}
	return e.both(cookieClientUat, strconv.FormatInt(uat, 10), secure)
}

// clientCookie is what a production browser is known by. It goes to the Frontend
// API alone.
func (e *Emulator) clientCookie(browser string, p place) *http.Cookie {
	c := httpOnly(cookie(cookieClient, browser, p.isSecure())) //nolint:gosec // See cookie.
	c.Path = cmp.Or(p.path, "/")
	return c
}

// refreshCookie holds what an application has a session renewed with. It has no
// plain form, and no script reads it.
func (e *Emulator) refreshCookie(token string, secure bool) *http.Cookie { //nolint:gosec // See cookie.
	return httpOnly(cookie(e.suffixed(cookieRefresh), token, secure))
}

// sessionExpired takes away all that a session leaves in a browser. Those whose
// names begin with __session stand last, as in a handshake.
func (e *Emulator) sessionExpired(secure bool) []*http.Cookie {
	refresh := httpOnly(expired(e.suffixed(cookieRefresh), secure)) //nolint:gosec // See cookie.
	return append([]*http.Cookie{refresh}, e.bothExpired(cookieSession, secure)...)
}

// asDirectives gives cookies as Set-Cookie values.
func asDirectives(cookies []*http.Cookie) []string {
	directives := make([]string, len(cookies))
	for i, c := range cookies {
		directives[i] = c.String()
	}
	return directives
}

func setCookies(w http.ResponseWriter, cookies ...*http.Cookie) {
	for _, c := range cookies {
		http.SetCookie(w, c)
	}
}
