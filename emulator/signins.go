// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"slices"
)

const strategyPassword = "password"

// createSignIn begins a sign-in, and ends it when the password is there already.
func (e *Emulator) createSignIn(w http.ResponseWriter, _ *http.Request, v visitor) {
	if !takesStrategy(w, v, "", strategyPassword) {
		return
	}
	p, found := e.people.signingIn(v.form.Get("identifier"))
	if !found {
		writeFieldError(w, http.StatusUnprocessableEntity, "form_identifier_not_found", "Couldn't find your account.", "param_name", "identifier")
		return
	}
	c := e.store.clientOf(v.browser)
	if current := c.sessionOf(p); current != nil {
		writeFieldError(w, http.StatusBadRequest, "identifier_already_signed_in", "You're already signed in.", "session_id", current.id)
		return
	}
	begun := &attempt{id: newID("sia_"), person: p}
	if v.form.Get("strategy") == "" && v.form.Get("password") == "" {
		v = e.withClient(w, v)
		e.store.with(v.browser, func(c *client) { c.attempt = begun })
		e.answer(w, v, begun.resource())
		return
	}
	e.completeSignIn(w, v, begun)
}

// attemptFirstFactor ends the sign-in that this browser began.
func (e *Emulator) attemptFirstFactor(w http.ResponseWriter, r *http.Request, v visitor) {
	if !takesStrategy(w, v, strategyPassword) {
		return
	}
	begun := e.store.clientOf(v.browser).attempt
	if begun == nil || begun.id != r.PathValue("id") {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "this browser is not in a sign-in of this id")
		return
	}
	e.completeSignIn(w, v, begun)
}

// completeSignIn adds a session to the browser's. In production the browser gets
// a new name, so that nobody can hand it one that they know.
func (e *Emulator) completeSignIn(w http.ResponseWriter, v visitor, begun *attempt) {
	if v.form.Get("password") != Password {
		writeFieldError(w, http.StatusUnprocessableEntity, "form_password_incorrect", "Password is incorrect. Try again, or use another method.", "param_name", "password")
		return
	}
	v = e.withClient(w, v)
	var started session
	e.store.with(v.browser, func(c *client) { started = c.begin(begun.person, e.now()) })
	complete := begun.resource()
	complete["status"], complete["created_session_id"] = "complete", started.id
	e.answerChange(w, v, complete)
}

// withClient gives a production browser a client under a new name, the one that it
// has if any. A development browser keeps its own.
func (e *Emulator) withClient(w http.ResponseWriter, v visitor) visitor {
	if !e.production {
		return v
	}
	before := v.browser
	if before == "" {
		before = e.store.newBrowser(clientPrefix, e.now())
	}
	v.browser = newID(clientPrefix)
	e.store.rename(before, v.browser)
	setCookies(w, e.clientCookie(v.browser, v.place))
	return v
}

// resource is what the Frontend API says of a sign-in that waits for a password.
func (a *attempt) resource() map[string]any {
	return map[string]any{
		"object": "sign_in_attempt", "id": a.id, "status": "needs_first_factor", "identifier": a.person.Email,
		"supported_first_factors": []any{map[string]any{"strategy": strategyPassword}}, "created_session_id": nil,
	}
}

// takesStrategy answers itself when the way to sign in is not one of those.
func takesStrategy(w http.ResponseWriter, v visitor, strategies ...string) bool {
	if slices.Contains(strategies, v.form.Get("strategy")) {
		return true
	}
	writeFieldError(w, http.StatusUnprocessableEntity, "form_param_value_invalid", "strategy: expected password, got another", "param_name", "strategy")
	return false
}

// writeFieldError tells a form what is wrong with one of its fields.
func writeFieldError(w http.ResponseWriter, status int, code, message, metaName, metaValue string) {
	writeJSON(w, status, map[string]any{"errors": []apiError{{
		Code: code, Message: message, LongMessage: message, Meta: map[string]string{metaName: metaValue},
	}}})
}
