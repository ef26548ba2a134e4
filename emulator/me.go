// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"net/http"
)

// listOwnMemberships is for the person of the session that the page names, and of
// the active one otherwise.
func (e *Emulator) listOwnMemberships(w http.ResponseWriter, _ *http.Request, v visitor) {
	c := e.store.clientOf(v.browser)
	s := c.session(cmp.Or(v.query.Get("_clerk_session_id"), c.active))
	if s == nil {
		writeSignedOut(w)
		return
	}
	e.answerList(w, v, s.person.memberships())
}

// listOwnInvitations is for what the prebuilt organization switcher asks beside
// the memberships: nobody is invited anywhere.
func (e *Emulator) listOwnInvitations(w http.ResponseWriter, _ *http.Request, v visitor) {
	e.answerList(w, v, []any{})
}

func (e *Emulator) answerList(w http.ResponseWriter, v visitor, list []any) {
	part, err := pageOf(list, v.query)
	if err != nil {
		writeAPIError(w, http.StatusUnprocessableEntity, "form_param_value_invalid", err.Error())
		return
	}
	e.answer(w, v, map[string]any{"data": part, "total_count": len(list)})
}
