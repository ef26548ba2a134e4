// SPDX-License-Identifier: Apache-2.0

package emulator

import "net/http"

func (e *Emulator) getSession(w http.ResponseWriter, _ *http.Request, v visitor, s session) {
	resource, err := e.sessionResource(s, v.azp)
	if err != nil {
		writeAPIError(w, http.StatusInternalServerError, "internal_error", err.Error())
		return
	}
	e.answer(w, v, resource)
}

// createToken gives a fresh token, for the organization that the page says, or
// else the session's. Templates change nothing here.
func (e *Emulator) createToken(w http.ResponseWriter, _ *http.Request, v visitor, s session) {
	if v.form.Has("organization_id") && !s.pending && !s.activate(v.form.Get("organization_id")) {
		writeNoMembership(w)
		return
	}
	token, err := e.sessionToken(s, v.azp, e.now())
	if err != nil {
		writeAPIError(w, http.StatusInternalServerError, "internal_error", err.Error())
		return
	}
	e.tellBrowser(w, v.place, e.store.clientOf(v.browser), &s)
	writeJSON(w, http.StatusOK, map[string]any{"object": "token", "jwt": token})
}

// removeSessions signs everybody in the browser out.
func (e *Emulator) removeSessions(w http.ResponseWriter, _ *http.Request, v visitor) {
	e.store.signOut(v.browser)
	e.answerChange(w, v, nil)
}

// removeSession signs one out.
func (e *Emulator) removeSession(w http.ResponseWriter, _ *http.Request, v visitor, s session) {
	e.store.with(v.browser, func(c *client) { c.end(s.id, e.now()) })
	e.answerChange(w, v, map[string]any{"object": "session", "id": s.id, "status": "removed"})
}
