// SPDX-License-Identifier: Apache-2.0

package emulator

import "net/http"

// touch makes a session the active one, and in it the organization that the page
// names, if it names one. Choosing an organization is all that a pending session
// waits for.
func (e *Emulator) touch(w http.ResponseWriter, _ *http.Request, v visitor, s session) {
	if v.form.Has("active_organization_id") {
		wanted := v.form.Get("active_organization_id")
		if !s.activate(wanted) {
			writeNoMembership(w)
			return
		}
		s.pending = s.pending && wanted == ""
	}
	goesOn := false
	e.store.with(v.browser, func(c *client) {
		if held := c.session(s.id); held != nil {
			held.organization, held.pending = s.organization, s.pending
			c.active, goesOn = s.id, true
		}
	})
	if !goesOn {
		writeSignedOut(w)
		return
	}
	resource, err := e.sessionResource(s, v.azp)
	if err != nil {
		writeAPIError(w, http.StatusInternalServerError, "internal_error", err.Error())
		return
	}
	e.answerChange(w, v, resource)
}

func writeNoMembership(w http.ResponseWriter) {
	writeAPIError(w, http.StatusNotFound, "resource_not_found", "the person is in no organization of this id")
}
