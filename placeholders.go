// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

const (
	clerkPlaceholders     = "http.clerk."
	claimsPlaceholders    = "claims."
	userPlaceholders      = "http.auth.user."
	candidatePlaceholders = "http.auth.candidate."
)

// placeholder answers for all placeholders of this module when they are read.
// It is asked for every name there is, so it turns strangers away at once.
// One that has no value is the empty string: Caddy would leave an unknown one
// as it is written, and an application would take that for a name.
func (s *requestState) placeholder(key string) (any, bool) {
	if name, ok := strings.CutPrefix(key, clerkPlaceholders); ok {
		return s.clerkPlaceholder(name), true
	}
	if name, ok := strings.CutPrefix(key, userPlaceholders); ok {
		return s.passer(name), true
	}
	if name, ok := strings.CutPrefix(key, candidatePlaceholders); ok {
		return s.candidate(name), true
	}
	switch key {
	case "http.auth.clerk.error":
		return s.failure(), true
	case "http.auth.clerk.message":
		return s.message(), true
	}
	return nil, false
}

// passer gives what is known of who is let in, candidate of who is known and
// not let in.
func (s *requestState) passer(name string) string {
	if s.denial != nil {
		return ""
	}
	return s.known(name)
}

func (s *requestState) candidate(name string) string {
	switch {
	case s.denial != nil:
		return s.known(name)
	case s.state != nil && s.state.IsPending() && name == "id":
		return s.state.Claims.UserID
	}
	return ""
}

func (s *requestState) known(name string) string {
	if s.state == nil {
		return ""
	}
	if name == "id" {
		return s.userID()
	}
	if value, ok := identityValues[name]; ok {
		return value(s)
	}
	return ""
}

func (s *requestState) clerkPlaceholder(name string) any {
	if s.state == nil {
		return ""
	}
	if path, ok := strings.CutPrefix(name, claimsPlaceholders); ok {
		if m := s.machine(); m != nobodysMachine {
			return claim(m.Claims, path)
		}
		return claim(s.identity().JSON(), path)
	}
	if value, ok := placeholderValues[name]; ok {
		return value(s)
	}
	if value, ok := identityValues[name]; ok {
		return value(s)
	}
	return ""
}

// placeholderValues lists the placeholders under {http.clerk.*} alone.
var placeholderValues = map[string]func(*requestState) string{
	"status":  func(s *requestState) string { return string(s.state.Status) },
	"reason":  (*requestState).reason,
	"grace":   func(s *requestState) string { return s.state.Grace },
	"user_id": (*requestState).userID,
	"token": func(s *requestState) string {
		if s.state.IsSignedIn() {
			return s.state.Token
		}
		return ""
	},
}

// identityValues lists the placeholders that are under {http.clerk.*},
// {http.auth.user.*} and {http.auth.candidate.*} alike.
var identityValues = map[string]func(*requestState) string{
	"token_type": func(s *requestState) string { return s.state.TokenType },
	"machine_id": func(s *requestState) string { return s.machine().MachineID() },
	"client_id":  func(s *requestState) string { return s.machine().ClientID },
	"scopes":     func(s *requestState) string { return strings.Join(s.machine().Scopes, " ") },
	"session_id": func(s *requestState) string { return s.identity().SessionID },
	"org_id": func(s *requestState) string {
		return cmp.Or(s.organization().ID, s.machine().OrganizationID())
	},
	"org_slug": func(s *requestState) string { return s.organization().Slug },
	"org_role": func(s *requestState) string { return s.organization().Role },
	"org_permissions": func(s *requestState) string {
		return strings.Join(s.organization().Permissions, ",")
	},
	"actor_id": func(s *requestState) string {
		if actor := cmp.Or(s.identity().Actor, s.machine().Actor); actor != nil {
			return actor.Subject
		}
		return ""
	},
}

// reason says why nobody is signed in; empty when somebody is.
func (s *requestState) reason() string {
	switch {
	case s.state == nil:
		return ""
	case s.state.IsPending():
		return authstate.ReasonSessionPending
	default:
		return s.state.Reason
	}
}

// failure says why a request was not let in, message the same to a person; both
// are empty when it was.
func (s *requestState) failure() string {
	if s.denial != nil {
		return s.denial.Reason()
	}
	return s.reason()
}

func (s *requestState) message() string {
	switch {
	case s.denial != nil:
		return s.denial.Message()
	case s.state == nil:
		return ""
	case s.state.IsPending():
		return pendingMessage
	default:
		return s.state.Message
	}
}

// nobody stands in where there is no identity, so that every field of it is
// empty.
var (
	nobody         = new(verifier.Claims)
	noOrganization = new(verifier.Organization)
	nobodysMachine = new(authstate.Machine)
)

// identity gives the claims of who is signed in with nothing left to do.
func (s *requestState) identity() *verifier.Claims {
	if s.state == nil || !s.state.IsSignedIn() || s.state.Claims == nil {
		return nobody
	}
	return s.state.Claims
}

// machine gives what a machine token was made for.
func (s *requestState) machine() *authstate.Machine {
	if s.state == nil || s.state.Machine == nil {
		return nobodysMachine
	}
	return s.state.Machine
}

// userID gives who is signed in, or whom a machine's token stands for.
func (s *requestState) userID() string {
	return cmp.Or(s.identity().UserID, s.machine().UserID())
}

func (s *requestState) organization() *verifier.Organization {
	if o := s.identity().Organization; o != nil {
		return o
	}
	return noOrganization
}

// claim gives a claim by its path: names of members and indices of lists,
// separated by dots. Text is given as it is, everything else as JSON.
func claim(payload json.RawMessage, path string) string {
	value := payload
	for step := range strings.SplitSeq(path, ".") {
		if value = member(value, step); value == nil {
			return ""
		}
	}
	value = bytes.TrimSpace(value)
	if string(value) == "null" {
		return ""
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

func member(value json.RawMessage, step string) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) == nil {
		return object[step]
	}
	var list []json.RawMessage
	index, err := strconv.Atoi(step)
	if err != nil || json.Unmarshal(value, &list) != nil || index < 0 || index >= len(list) {
		return nil
	}
	return list[index]
}
