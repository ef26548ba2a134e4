// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"

	"github.com/caddy-clerk/caddy-clerk/emulator/internal/destination"
)

type signInPage struct {
	frame
	Site    string
	People  []person
	Current *person
	Typed   string
}

// showSignIn is the page on which someone chooses who to be.
func (e *Emulator) showSignIn(w http.ResponseWriter, r *http.Request) {
	query, to, ok := e.pageQuery(w, r)
	if !ok {
		return
	}
	e.renderSignIn(w, r, http.StatusOK, query, to, "")
}

func (e *Emulator) renderSignIn(w http.ResponseWriter, r *http.Request, status int, values url.Values, to destination.Destination, notice string) {
	browser := e.ensureBrowser(r, values)
	p := signInPage{
		frame:  e.formFrame(r, "Sign in", browser, to),
		Site:   to.Site(),
		People: e.people.known,
		Typed:  values.Get("email"),
	}
	p.Notice = notice
	if s := e.store.sessionOf(browser); s != nil {
		p.Current = &s.person
	}
	render(w, status, "sign-in.html", p, to)
}

// signIn begins a session for the chosen person. In production it makes a new
// client each time, so that nobody can hand a browser one whose name they know.
func (e *Emulator) signIn(w http.ResponseWriter, r *http.Request) {
	form, to, ok := e.pageForm(w, r)
	if !ok {
		return
	}
	chosen, err := e.chosenPerson(form)
	if err != nil {
		e.renderSignIn(w, r, http.StatusUnprocessableEntity, form, to, "Choose someone, or type 1 to 254 bytes of printable text.")
		return
	}
	browser := e.ensureBrowser(r, form)
	if e.production {
		e.store.forget(browser)
		browser = newID(clientPrefix)
		setCookies(w, e.clientCookie(browser, e.seenFrom(r)))
	}
	e.store.signIn(browser, chosen, e.now())
	e.leave(w, r, browser, to)
}

func (e *Emulator) chosenPerson(form url.Values) (person, error) {
	if user := form.Get("user"); user != "" {
		return e.people.find(user)
	}
	return e.people.typed(form.Get("email"))
}

// pageQuery reads what leads to a page: its query and where to go afterwards. It
// answers itself when they are not good.
func (e *Emulator) pageQuery(w http.ResponseWriter, r *http.Request) (url.Values, destination.Destination, bool) {
	query, err := readQuery(r)
	return e.pageValues(w, r, query, err)
}

// pageForm is pageQuery for a form that was sent.
func (e *Emulator) pageForm(w http.ResponseWriter, r *http.Request) (url.Values, destination.Destination, bool) {
	form, err := readForm(r)
	return e.pageValues(w, r, form, err)
}

func (e *Emulator) pageValues(w http.ResponseWriter, r *http.Request, values url.Values, err error) (url.Values, destination.Destination, bool) {
	if err != nil {
		e.showError(w, r, http.StatusBadRequest, err.Error())
		return nil, destination.Destination{}, false
	}
	to, err := destination.ParseReturn(values.Get("redirect_url"), e.seenFrom(r).origin)
	if err != nil {
		e.showError(w, r, http.StatusBadRequest, err.Error())
		return nil, destination.Destination{}, false
	}
	return values, to, true
}
