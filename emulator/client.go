// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"slices"
	"time"
)

// maxSessions is how many people one client can be. The one who signed in first
// makes room for another.
const maxSessions = 10

// client is what the instance knows of a browser: who is signed in there.
type client struct {
	browser  string // The name by which the browser is known. It opens the client.
	id       string // What pages call it. It opens nothing.
	created  time.Time
	changed  time.Time // when someone last signed in or out
	sessions []session // in the order of signing in
	active   string    // the id of the session that was used last
	attempt  *attempt
}

// attempt is a sign-in that waits for the password.
type attempt struct {
	id     string
	person person
}

func newClient(browser string, now time.Time) *client {
	return &client{browser: browser, id: newID(clientPrefix), created: now, changed: now}
}

// session gives one of the client's sessions, nil when it has none of this id.
func (c *client) session(id string) *session {
	return c.sessionWhere(func(s session) bool { return s.id == id })
}

// sessionOf gives the session of a person, nil for none.
func (c *client) sessionOf(p person) *session {
	return c.sessionWhere(func(s session) bool { return s.person.ID == p.ID })
}

func (c *client) sessionWhere(isAsked func(session) bool) *session {
	i := slices.IndexFunc(c.sessions, isAsked)
	if i < 0 {
		return nil
	}
	return &c.sessions[i]
}

// begin signs a person in beside those who are.
func (c *client) begin(p person, now time.Time) session {
	started := newSession(p, now)
	c.sessions = append(c.sessions, started)
	if len(c.sessions) > maxSessions {
		c.sessions = slices.Delete(c.sessions, 0, 1)
	}
	c.active, c.attempt, c.changed = started.id, nil, now
	return started
}

// end ends one session. The one that began last becomes the active one.
func (c *client) end(id string, now time.Time) {
	c.sessions = slices.DeleteFunc(c.sessions, func(s session) bool { return s.id == id })
	c.changed = now
	if c.session(c.active) != nil {
		return
	}
	c.active = ""
	if n := len(c.sessions); n > 0 {
		c.active = c.sessions[n-1].id
	}
}

// endAll signs everybody out.
func (c *client) endAll() { c.sessions, c.active = nil, "" }

// copy shares nothing that the client changes.
func (c *client) copy() client {
	other := *c
	other.sessions = slices.Clone(c.sessions)
	return other
}
