// SPDX-License-Identifier: Apache-2.0

package emulator

import "time"

// session is what a person has after signing in. Values are copied, never
// shared, so a reader needs no lock.
type session struct {
	id      string
	person  person
	started time.Time
	pending bool
	// organization is the id of the active one, empty for the person's own
	// account.
	organization string
}

func newSession(p person, now time.Time) session {
	s := session{id: newID("sess_"), person: p, started: now, pending: p.Undecided}
	if !s.pending {
		s.organization = p.home()
	}
	return s
}

// home is the id of the organization that is active at first, if any.
func (p person) home() string {
	if p.Role() == "" {
		return ""
	}
	return acme.ID
}

// activate makes an organization the active one, by its id or slug, and the
// person's own account for an empty name. It leaves the session as it is when the
// person does not belong there.
func (s *session) activate(name string) bool {
	if name == "" {
		s.organization = ""
		return true
	}
	o, _ := organizationOf(name)
	if s.person.Roles[o.ID] == "" {
		return false
	}
	s.organization = o.ID
	return true
}
