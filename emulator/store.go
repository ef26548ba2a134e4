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

// store holds what the instance knows of browsers: the client of each, by the id
// of a development browser or the secret of a production one.
type store struct {
	mu        sync.Mutex
	browsers  *bounded[*client]
	nonces    *bounded[nonce]
	refreshes *bounded[refresh]
	direct    map[string]session // of tokens asked for by user, at most one for each known person
}

type nonce struct {
	directives []string
	expires    time.Time
}

// refresh is what a refresh token stands for: one session of one client.
type refresh struct {
	client  *client
	session string
}

// newStore remembers as many refresh tokens as browsers. A browser whose token
// is forgotten gets another with its next handshake.
func newStore(browsers, nonces int) *store {
	return &store{
		browsers:  newBounded[*client](browsers),
		nonces:    newBounded[nonce](nonces),
		refreshes: newBounded[refresh](browsers),
		direct:    make(map[string]session),
	}
}

func (s *store) newBrowser(prefix string, now time.Time) string {
	id := newID(prefix)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers.put(id, newClient(id, now))
	return id
}

func (s *store) knows(browser string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.browsers.get(browser)
	return known
}

// clientOf gives what is known of a browser, an empty client for nothing.
func (s *store) clientOf(browser string) client {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.browsers.get(browser)
	if !known {
		return client{browser: browser}
	}
	return c.copy()
}

// sessionOf gives the active session of a browser, nil for none.
func (s *store) sessionOf(browser string) *session {
	c := s.clientOf(browser)
	return c.session(c.active)
}

// with lets f read and change what is known of a browser, and tells whether it is
// known.
func (s *store) with(browser string, f func(*client)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.browsers.get(browser)
	if known {
		f(c)
	}
	return known
}

// signIn makes a person the only one in a browser.
func (s *store) signIn(browser string, p person, now time.Time) {
	c := newClient(browser, now)
	c.begin(p, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers.put(browser, c)
}

func (s *store) signOut(browser string) { s.with(browser, (*client).endAll) }

// endSession ends a session wherever it is, and gives it as it was; nil when
// there is none of this id.
func (s *store) endSession(id string, now time.Time) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	for user, current := range s.direct {
		if current.id == id {
			delete(s.direct, user)
			return &current
		}
	}
	for _, element := range s.browsers.entries {
		c := element.Value.(boundedEntry[*client]).value
		if current := c.session(id); current != nil {
			ended := *current
			c.end(id, now)
			return &ended
		}
	}
	return nil
}

func (s *store) forget(browser string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers.remove(browser)
}

// rename gives a client another secret, so that who knew the old one before the
// person signed in does not share the session.
func (s *store) rename(browser, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.browsers.get(browser)
	if !known {
		return
	}
	s.browsers.remove(browser)
	c.browser = to
	s.browsers.put(to, c)
}

// change lets f alter the browser's active session.
func (s *store) change(browser string, f func(*session)) {
	s.with(browser, func(c *client) {
		if current := c.session(c.active); current != nil {
			f(current)
		}
	})
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
	if c, known := s.browsers.get(browser); known {
		s.refreshes.put(token, refresh{client: c, session: session})
	}
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
	c, _ := s.browsers.get(known.client.browser)
	if c != known.client || c.session(known.session) == nil {
		s.refreshes.remove(token)
		return nil
	}
	renewed := *c.session(known.session)
	return &renewed
}
