// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"

	"github.com/caddy-clerk/caddy-clerk/emulator/internal/destination"
)

const (
	devBrowserPrefix = "dvb_"
	clientPrefix     = "client_"
)

// browserOf gives the id under which the store knows the browser, "" for none. A
// development browser names itself in the values of a query or form, or in a
// cookie; a production one only in its __client cookie.
func (e *Emulator) browserOf(r *http.Request, values url.Values) string {
	if e.production {
		return e.knownCookie(r, cookieClient)
	}
	if id := values.Get(cookieDevBrowser); id != "" && e.store.knows(id) {
		return id
	}
	if id := e.knownCookie(r, e.suffixed(cookieDevBrowser)); id != "" {
		return id
	}
	return e.knownCookie(r, cookieDevBrowser)
}

func (e *Emulator) knownCookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil || !e.store.knows(c.Value) {
		return ""
	}
	return c.Value
}

// ensureBrowser is browserOf that gives a new development browser an id.
// In production only signing in makes a client.
func (e *Emulator) ensureBrowser(r *http.Request, values url.Values) string {
	id := e.browserOf(r, values)
	if id == "" && !e.production {
		id = e.store.newBrowser(devBrowserPrefix, e.now())
	}
	return id
}

// leave sends the browser back to the application after its session changed. The
// application has to notice: in development the browser's id in the address makes
// it ask anew, in production the missing session cookie does.
func (e *Emulator) leave(w http.ResponseWriter, r *http.Request, browser string, to destination.Destination) {
	address := to.Address
	if e.production {
		secure := e.seenFrom(r).isSecure()
		setCookies(w, e.uatCookies(e.store.clientOf(browser), e.now(), secure)...)
		setCookies(w, e.sessionExpired(secure)...)
	} else {
		address = to.With(cookieDevBrowser, browser)
	}
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}
