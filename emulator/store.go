// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"sync"
	"time"
)

const (
	maxBrowsers   = 10_000
	maxNonces     = 2_000 // Each holds a handshake's directives, a few kilobytes.
	nonceLifetime = time.Minute
)

// session is what a person has after signing in. Values are copied, never
// shared, so a reader needs no lock.
type session struct {
	id      string
	person  person
	started time.Time
	pending bool
	// member says that the organization is the session's active one.
	member bool
}

func newSession(p person, now time.Time) session {
	return session{
		id:      newID("sess_"),
		person:  p,
		started: now,
		pending: p.Undecided,
		member:  p.Role != "" && !p.Undecided,
	}
}

// store holds what the instance knows of browsers: by the id of a development
// browser or of a production client, the session it has, if any.
type store struct {
	mu        sync.Mutex
	browsers  *bounded[*session]
	nonces    *bounded[nonce]
	refreshes *bounded[refresh]
	direct    map[string]session // of tokens asked for by user, at most one for each known person
}

type nonce struct {
	directives []string
	expires    time.Time
}

// refresh is what a refresh token stands for: one session of one browser.
type refresh struct{ browser, session string }

// newStore remembers as many refresh tokens as browsers. A browser whose token
// is forgotten gets another with its next handshake.
func newStore(browsers, nonces int) *store {
	return &store{
		browsers:  newBounded[*session](browsers),
		nonces:    newBounded[nonce](nonces),
		refreshes: newBounded[refresh](browsers),
		direct:    make(map[string]session),
	}
}

func (s *store) newBrowser(prefix string) string {
	id := newID(prefix)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers.put(id, nil)
	return id
}

func (s *store) knows(browser string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.browsers.get(browser)
	return known
}

// sessionOf gives the session of a browser, nil for none.
func (s *store) sessionOf(browser string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, _ := s.browsers.get(browser)
	return current.copy()
}

func (s *store) signIn(browser string, p person, now time.Time) {
	started := newSession(p, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers.put(browser, &started)
}

func (s *store) signOut(browser string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.browsers.get(browser); known {
		s.browsers.put(browser, nil)
	}
}

// endSession ends a session wherever it is, and gives it as it was; nil when
// there is none of this id.
func (s *store) endSession(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	for user, current := range s.direct {
		if current.id == id {
			delete(s.direct, user)
			return &current
		}
	}
	for browser, element := range s.browsers.entries {
		if current := element.Value.(boundedEntry[*session]).value; current != nil && current.id == id {
			s.browsers.put(browser, nil)
			return current
		}
	}
	return nil
}

func (s *store) forget(browser string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers.remove(browser)
}

// change lets f alter a copy of the browser's session and keeps the outcome.
func (s *store) change(browser string, f func(*session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, _ := s.browsers.get(browser)
	if current == nil {
		return
	}
	altered := current.copy()
	f(altered)
	s.browsers.put(browser, altered)
}

// directSession is the session behind tokens asked for by user, without a browser.
func (s *store) directSession(p person, now time.Time) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, found := s.direct[p.ID]
	if !found {
		current = newSession(p, now)
		s.direct[p.ID] = current
	}
	return current
}

func (s *store) putNonce(directives []string, now time.Time) string {
	id := newID("")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nonces.put(id, nonce{directives: directives, expires: now.Add(nonceLifetime)})
	return id
}

// takeNonce gives what a nonce stands for, once.
func (s *store) takeNonce(id string, now time.Time) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken, found := s.nonces.get(id)
	s.nonces.remove(id)
	if !found || !now.Before(taken.expires) {
		return nil, false
	}
	return taken.directives, true
}

// putRefresh makes a token that renews a session for as long as the browser has it.
func (s *store) putRefresh(browser, session string) string {
	token := newID("")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshes.put(token, refresh{browser: browser, session: session})
	return token
}

// refreshed gives the session that a refresh token renews, nil for none.
func (s *store) refreshed(token string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, found := s.refreshes.get(token)
	if !found {
		return nil
	}
	current, _ := s.browsers.get(known.browser)
	if current == nil || current.id != known.session {
		s.refreshes.remove(token)
		return nil
	}
	return current.copy()
}

func (s *session) copy() *session {
	if s == nil {
		return nil
	}
	c := *s
	return &c
}
