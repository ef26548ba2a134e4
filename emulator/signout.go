// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"

	"github.com/caddy-clerk/caddy-clerk/emulator/internal/destination"
)

type signOutPage struct {
	frame
	Site    string
	Current *person
}

// showSignOut asks before it signs anyone out, because a link alone must not.
func (e *Emulator) showSignOut(w http.ResponseWriter, r *http.Request) {
	query, to, ok := e.pageQuery(w, r)
	if !ok {
		return
	}
	browser := e.browserOf(r, query)
	p := signOutPage{frame: e.formFrame(r, "Sign out", browser, to), Site: to.Site()}
	if s := e.store.sessionOf(browser); s != nil {
		p.Current = &s.person
	}
	render(w, http.StatusOK, "sign-out.html", p, to)
}

// signOut ends the browser's session and removes its traces from the browser.
func (e *Emulator) signOut(w http.ResponseWriter, r *http.Request) {
	form, to, ok := e.pageForm(w, r)
	if !ok {
		return
	}
	browser := e.browserOf(r, form)
	e.store.signOut(browser)
	secure := e.seenFrom(r).isSecure()
	setCookies(w, e.sessionExpired(secure)...)
	setCookies(w, e.uatCookies(client{}, e.now(), secure)...)

	address := to.Address
	if e.onOtherHost(r, to) && browser != "" {
		address = to.With(cookieDevBrowser, browser)
	}
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}

// onOtherHost says that the cookies set here do not reach the application, which
// happens in development only; it then has to ask anew to learn of the change.
func (e *Emulator) onOtherHost(r *http.Request, to destination.Destination) bool {
	own := e.seenFrom(r).host
	return own != "" && !e.production && own != to.Host
}
