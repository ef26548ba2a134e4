// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"maps"
	"net/http"
	"time"
)

// How long Clerk says that a session lasts. Here it lasts as long as the process.
const (
	sessionExpires  = 7 * 24 * time.Hour
	sessionAbandons = 30 * 24 * time.Hour
)

// getClient says who is signed in. A browser in which a session was ended from
// elsewhere learns of it here, so it is told the time again.
func (e *Emulator) getClient(w http.ResponseWriter, _ *http.Request, v visitor) {
	if v.browser != "" {
		e.tellTime(w, v.place, e.store.clientOf(v.browser))
	}
	e.answerWith(w, v, func(client any) map[string]any { return map[string]any{"response": client} })
}

// answer gives a page what it asked for, and beside it all that is known of the
// browser, as Clerk's client expects.
func (e *Emulator) answer(w http.ResponseWriter, v visitor, response any) {
	e.answerWith(w, v, func(client any) map[string]any {
		return map[string]any{"response": response, "client": client}
	})
}

func (e *Emulator) answerWith(w http.ResponseWriter, v visitor, wrap func(client any) map[string]any) {
	if v.browser == "" {
		writeJSON(w, http.StatusOK, wrap(nil))
		return
	}
	resource, err := e.clientResource(e.store.clientOf(v.browser), v.azp)
	if err != nil {
		writeAPIError(w, http.StatusInternalServerError, "internal_error", err.Error())
		return
	}
	writeJSON(w, http.StatusOK, wrap(resource))
}

// answerChange is answer after it changed who is signed in, or how.
func (e *Emulator) answerChange(w http.ResponseWriter, v visitor, response any) {
	c := e.store.clientOf(v.browser)
	e.tellBrowser(w, v.place, c, c.session(c.active))
	e.answer(w, v, response)
}

// tellBrowser sets the cookies that an application's handshake would set, but for
// the session's, which the page writes.
func (e *Emulator) tellBrowser(w http.ResponseWriter, p place, c client, s *session) {
	e.tellTime(w, p, c)
	if s == nil {
		setCookies(w, httpOnly(expired(e.suffixed(cookieRefresh), p.isSecure()))) //nolint:gosec // See cookie.
		return
	}
	setCookies(w, e.refreshCookie(e.store.putRefresh(c.browser, s.id), p.isSecure()))
}

// tellTime leaves it to the page in development, where the application may be on
// another host.
func (e *Emulator) tellTime(w http.ResponseWriter, p place, c client) {
	if e.production {
		setCookies(w, e.uatCookies(c, e.now(), p.isSecure())...)
	}
}

// clientResource is what the Frontend API says of a browser.
func (e *Emulator) clientResource(c client, azp string) (map[string]any, error) {
	sessions := []any{}
	for _, s := range c.sessions {
		resource, err := e.sessionResource(s, azp)
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, resource)
	}
	resource := map[string]any{
		"object": "client", "id": c.id, "sessions": sessions, "last_active_session_id": nil, "sign_in": nil, "sign_up": nil,
		"cookie_expires_at": nil, "created_at": c.created.UnixMilli(), "updated_at": c.changed.UnixMilli(),
	}
	if c.active != "" {
		resource["last_active_session_id"] = c.active
	}
	if c.attempt != nil {
		resource["sign_in"] = c.attempt.resource()
	}
	return resource, nil
}

// sessionResource holds a fresh token, so that the page has a session cookie as
// soon as it knows the session.
func (e *Emulator) sessionResource(s session, azp string) (map[string]any, error) {
	now := e.now()
	token, err := e.sessionToken(s, azp, now)
	if err != nil {
		return nil, err
	}
	resource := map[string]any{
		"object": "session", "id": s.id, "status": "active", "tasks": nil, "actor": nil,
		"user": s.person.ownResource(), "public_user_data": s.person.publicData(), "last_active_organization_id": nil,
		"last_active_token": map[string]any{"object": "token", "jwt": token}, "factor_verification_age": s.factorAges(now),
		"expire_at": s.started.Add(sessionExpires).UnixMilli(), "abandon_at": s.started.Add(sessionAbandons).UnixMilli(),
		"last_active_at": now.UnixMilli(), "created_at": s.started.UnixMilli(), "updated_at": now.UnixMilli(),
	}
	if s.pending {
		resource["status"], resource["tasks"] = "pending", []any{map[string]any{"key": "choose-organization"}}
	}
	if s.organization != "" {
		resource["last_active_organization_id"] = s.organization
	}
	return resource, nil
}

// ownResource is what the Frontend API says of a person to that person.
func (p person) ownResource() map[string]any {
	resource := p.user()
	delete(resource, "private_metadata")
	maps.Copy(resource, map[string]any{"image_url": "", "organization_memberships": p.memberships()})
	return resource
}
