// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"maps"
	"sync"
	"time"
)

const maxMachineTokens = 10_000

// machineToken is an opaque token that was made.
type machineToken struct {
	kind             *machineKind
	id, subject      string
	created, expires time.Time
}

// machineStore holds the opaque tokens by what a client shows. It is safe for
// concurrent use.
type machineStore struct {
	mu     sync.Mutex
	tokens *bounded[machineToken]
}

func newMachineStore(limit int) *machineStore {
	return &machineStore{tokens: newBounded[machineToken](limit)}
}

func (s *machineStore) newToken(kind *machineKind, subject string, now time.Time) string {
	secret := newID(kind.prefix)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.put(secret, machineToken{
		kind: kind, id: newMachineID(kind), subject: subject, created: now, expires: now.Add(machineLifetime),
	})
	return secret
}

func (s *machineStore) find(kind *machineKind, secret string, now time.Time) (machineToken, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, found := s.tokens.get(secret)
	if !found || token.kind != kind {
		return machineToken{}, false
	}
	if !now.Before(token.expires) {
		s.tokens.remove(secret)
		return machineToken{}, false
	}
	return token, true
}

// describe gives what the Backend API says of a token that is good.
func (t *machineToken) describe() map[string]any {
	description := map[string]any{
		"object":            t.kind.object,
		"id":                t.id,
		"subject":           t.subject,
		"scopes":            t.kind.scopes,
		"revoked":           false,
		"revocation_reason": nil,
		"expired":           false,
		"expiration":        t.kind.timestamp(t.expires),
		"created_at":        t.kind.timestamp(t.created),
		"updated_at":        t.kind.timestamp(t.created),
	}
	maps.Copy(description, t.kind.more)
	return description
}
