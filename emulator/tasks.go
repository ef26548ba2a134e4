// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"

	"github.com/caddy-clerk/caddy-clerk/emulator/internal/destination"
)

type taskPage struct {
	frame
	Person       person
	Organization organization
}

// showTasks is the page for a pending session: one thing is left to do.
func (e *Emulator) showTasks(w http.ResponseWriter, r *http.Request) {
	query, to, ok := e.pageQuery(w, r)
	if !ok {
		return
	}
	browser := e.browserOf(r, query)
	current := e.store.sessionOf(browser)
	if current == nil {
		e.toSignIn(w, r, to)
		return
	}
	if !current.pending {
		e.leave(w, r, browser, to)
		return
	}
	render(w, http.StatusOK, "tasks.html", taskPage{
		frame:        e.formFrame(r, "Choose your organization", browser, to),
		Person:       current.person,
		Organization: acme,
	}, to)
}

// resolveTask makes a pending session active in the organization.
func (e *Emulator) resolveTask(w http.ResponseWriter, r *http.Request) {
	form, to, ok := e.pageForm(w, r)
	if !ok {
		return
	}
	browser := e.browserOf(r, form)
	if e.store.sessionOf(browser) == nil {
		e.toSignIn(w, r, to)
		return
	}
	e.store.change(browser, func(s *session) {
		if s.pending {
			s.pending, s.organization = false, s.person.home()
		}
	})
	e.leave(w, r, browser, to)
}

// toSignIn sends someone without a session to the sign-in page first.
func (e *Emulator) toSignIn(w http.ResponseWriter, r *http.Request, to destination.Destination) {
	w.Header().Set("Location", e.seenFrom(r).path+"/sign-in?redirect_url="+url.QueryEscape(to.Address))
	w.WriteHeader(http.StatusSeeOther)
}
